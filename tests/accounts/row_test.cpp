#include "engine/accounts/row.hpp"

#include <gtest/gtest.h>

namespace sluice::accounts {
namespace {

routing::Account defaults() {
    routing::Account account;
    account.id = 7;
    account.system_id = "customers";
    account.enabled = false;
    account.max_sessions = 3;
    account.rate = {50, 50};
    return account;
}

Result<routing::Account> read(std::vector<std::string> columns, std::vector<sql::Cell> cells,
                              routing::ChargingMode mode = routing::ChargingMode::none) {
    sql::Answer answer;
    answer.columns = std::move(columns);
    answer.rows.push_back(std::move(cells));
    routing::Account account = defaults();
    account.charging.mode = mode;
    return account_of_row(answer, 0, account, "sha1-utf16le");
}

TEST(AccountRow, TheHowTosTableIsEnough) {
    const auto account = read({"SystemID", "PasswordHash", "Credits", "AddressRange"},
                              {"Test1", "DC215545BA63D605FBCD647A9555270F566D918B", "100", "+31699887766"});
    ASSERT_TRUE(account) << account.error().message;
    EXPECT_EQ(account->system_id, "Test1");
    EXPECT_EQ(account->key, routing::stable_key("Test1"));
    EXPECT_EQ(account->id, 7) << "it is one with its source for routes";
    EXPECT_EQ(account->password_hash, "$sha1-utf16le$DC215545BA63D605FBCD647A9555270F566D918B");
    EXPECT_TRUE(account->enabled);
    EXPECT_EQ(account->max_sessions, 3u);
    EXPECT_EQ(account->rate, (routing::Rate{50, 50}));
    EXPECT_EQ(account->numbers, std::vector{*routing::NumberPattern::exact("31699887766")});
    EXPECT_FALSE(account->charging.on()) << "credits are not counted unless the source says so";
}

TEST(AccountRow, CreditsAreTheOpeningBalanceWhereOneIsKept) {
    using routing::ChargingMode;
    const auto with = [](ChargingMode mode, sql::Cell credits) {
        return read({"SystemID", "PasswordHash", "Credits", "Price"}, {"a", "00", std::move(credits), "0.5"}, mode);
    };
    const auto prepaid = with(ChargingMode::prepaid, "100.25");
    ASSERT_TRUE(prepaid) << prepaid.error().message;
    EXPECT_EQ(to_string(prepaid->charging.opening), "100.25");
    EXPECT_EQ(to_string(*prepaid->charging.price), "0.5");
    EXPECT_EQ(with(ChargingMode::prepaid, std::nullopt)->charging.opening, Money{});
    EXPECT_FALSE(with(ChargingMode::prepaid, "-1")) << "a debt is no opening balance";
    EXPECT_FALSE(with(ChargingMode::prepaid, "many"));
    const auto elsewhere = with(ChargingMode::database, "-1");
    ASSERT_TRUE(elsewhere) << "the database alone knows them then";
    EXPECT_EQ(elsewhere->charging.opening, Money{});
    EXPECT_EQ(to_string(*elsewhere->charging.price), "0.5");
}

TEST(AccountRow, ColumnsOverrideTheDefaultsAndNullDoesNot) {
    const auto account =
        read({"system_id", "password_hash", "ENABLED", "max_sessions", "rate", "allowed_addresses", "senders",
              "MaxQueued", "SystemType"},
             {"a  ", "$sha256$00", "0", std::nullopt, "9", "10.0.0.0/8, 192.0.2.7", "Bank 4477*", "12", "x"});
    ASSERT_TRUE(account) << account.error().message;
    EXPECT_EQ(account->system_id, "a") << "the blanks of a CHAR column are not part of it";
    EXPECT_EQ(account->password_hash, "$sha256$00");
    EXPECT_FALSE(account->enabled);
    EXPECT_EQ(account->max_sessions, 3u);
    EXPECT_EQ(account->rate, (routing::Rate{9, 9}));
    EXPECT_EQ(account->allowed_addresses.size(), 2u);
    EXPECT_EQ(account->senders, (std::vector<routing::SourcePattern>{{"Bank", false}, {"4477", true}}));
    EXPECT_EQ(account->max_queued, 12u);
    EXPECT_EQ(account->system_type, "x");
}

TEST(AccountRow, WhatIsWrongIsNamed) {
    const auto wrong = [](std::vector<std::string> columns, std::vector<sql::Cell> cells, const std::string& word) {
        const auto account = read(std::move(columns), std::move(cells));
        ASSERT_FALSE(account) << word;
        EXPECT_NE(account.error().message.find(word), std::string::npos) << account.error().message;
    };
    wrong({"PasswordHash"}, {"00"}, "SystemID");
    wrong({"SystemID"}, {"a"}, "PasswordHash");
    wrong({"SystemID", "PasswordHash"}, {"a", std::nullopt}, "PasswordHash");
    wrong({"SystemID", "PasswordHash", "rate"}, {"a", "00", "-1"}, "rate");
    wrong({"SystemID", "PasswordHash", "MaxSessions"}, {"a", "00", "0"}, "maxsessions");
    wrong({"SystemID", "PasswordHash", "enabled"}, {"a", "00", "perhaps"}, "enabled");
    wrong({"SystemID", "PasswordHash", "AddressRange"}, {"a", "00", "4477* *"}, "addressrange");
    wrong({"SystemID", "PasswordHash", "AllowedAddresses"}, {"a", "00", "10.0.0.0/8 nowhere"}, "allowedaddresses");
}

}  // namespace
}  // namespace sluice::accounts
