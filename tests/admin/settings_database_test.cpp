#include <gtest/gtest.h>

#include "tests/admin/settings_file.hpp"

namespace sluice::admin {
namespace {

TEST(SettingsDatabase, IsRead) {
    const auto settings = with(R"(
[[database]]
name = "customers"
connection = "DSN=customers"
password = "secret"
connections = 4
queue = 50
timeout = "500ms"
)");
    ASSERT_TRUE(settings) << settings.error().message;
    ASSERT_EQ(settings->databases.size(), 1u);
    const sql::DatabaseConfig& database = settings->databases[0];
    EXPECT_EQ(database.name, "customers");
    EXPECT_EQ(database.connection, "DSN=customers");
    EXPECT_EQ(database.password, "secret");
    EXPECT_EQ(database.connections, 4u);
    EXPECT_EQ(database.queue, 50u);
    EXPECT_EQ(database.timeout, milliseconds(500));
    Settings other = *settings;
    other.databases[0].queue = 51;
    EXPECT_EQ(diff(*settings, other).restart, std::vector<std::string>{"database 'customers': changed"});
    other = *settings;
    other.databases.push_back(other.databases[0]);
    other.databases[1].name = "billing";
    EXPECT_EQ(diff(*settings, other).live, std::vector<std::string>{"database 'billing': added"});
    EXPECT_EQ(diff(*settings, other).restart, std::vector<std::string>{});
    EXPECT_EQ(diff(other, *settings).restart, std::vector<std::string>{"database 'billing': removed"});
}

TEST(SettingsDatabase, MistakesAreNamed) {
    const auto settings = with(R"(
[[database]]
name = "customers"
connection = "customers"
[[database]]
name = "customers"
connection = "DSN=other"
connections = 0
)");
    ASSERT_FALSE(settings);
    for (const char* wrong : {"test.toml:4:", "database[1].connection: ", "database[2].name: 'customers' is taken",
                              "database[2].connections: "})
        EXPECT_NE(settings.error().message.find(wrong), std::string::npos) << wrong << "\n" << settings.error().message;
}

}  // namespace
}  // namespace sluice::admin
