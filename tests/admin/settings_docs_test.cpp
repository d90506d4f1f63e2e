#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>

#include "engine/admin/settings.hpp"

namespace sluice::admin {
namespace {

std::filesystem::path docs() { return std::filesystem::path(SLUICE_DOCS); }

/// The keys that the document has a row for, under its headings, in the notation of settings_keys().
std::set<std::string> documented_keys() {
    std::ifstream in(docs() / "configuration.md");
    const std::regex heading("## `\\[+([a-z_]+)(\\]+)`");
    const std::regex row("\\| `([A-Za-z_.\\[\\]]+)` \\|.*");
    std::set<std::string> keys;
    std::string section;
    for (std::string line; std::getline(in, line);) {
        std::smatch match;
        if (line.starts_with("## ")) section.clear();
        if (std::regex_match(line, match, heading)) {
            section = match[1].str() + (match[2].length() == 2 ? "[]" : "");
        } else if (!section.empty() && std::regex_match(line, match, row)) {
            keys.insert(section + "." + match[1].str());
        }
    }
    return keys;
}

/// The keys of values (tables that only hold other keys have no row of their own), error classes taken as one, and
/// likewise what a source's accounts have by default.
std::set<std::string> accepted_keys() {
    const std::regex error_class("retry\\.(throttled|temporary|permanent|unknown|unanswered)");
    const std::regex default_of("account_source\\[\\]\\.defaults\\..*");
    std::set<std::string> all;
    for (const std::string& key : settings_keys()) {
        const std::string by_class = std::regex_replace(key, error_class, "retry.CLASS");
        all.insert(std::regex_replace(by_class, default_of, "account_source[].defaults.KEY"));
    }
    std::set<std::string> values;
    for (const std::string& key : all) {
        const auto holds_others = [&](const std::string& other) { return other.starts_with(key + "."); };
        const bool section = key.find('.') == std::string::npos;
        if (!section && std::ranges::none_of(all, holds_others)) values.insert(key);
    }
    return values;
}

TEST(SettingsDocs, EveryKeyIsDocumentedAndNoOther) {
    const std::set<std::string> documented = documented_keys();
    EXPECT_GT(documented.size(), 80u);
    for (const std::string& key : accepted_keys()) EXPECT_EQ(documented.count(key), 1u) << key << " has no row";
    for (const std::string& key : documented) EXPECT_EQ(accepted_keys().count(key), 1u) << key << " is no key";
}

TEST(SettingsDocs, TheExampleIsCleanAndDoesSomething) {
    const auto settings = load_settings(docs() / "sluice.example.toml");
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(settings->warnings, std::vector<std::string>{});
    EXPECT_EQ(settings->accounts.size(), 2u);
    EXPECT_EQ(settings->providers.size(), 3u);
    EXPECT_EQ(settings->routes.size(), 6u);
    EXPECT_EQ(settings->homes.size(), 3u);
}

}  // namespace
}  // namespace sluice::admin
