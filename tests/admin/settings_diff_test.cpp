#include <gtest/gtest.h>

#include "engine/admin/settings.hpp"

namespace sluice::admin {
namespace {

using Lines = std::vector<std::string>;

Settings base() {
    Settings settings = embedded_default();
    routing::Account account = settings.accounts[0];
    account.system_id = "acme";
    account.id = 1;
    settings.accounts.push_back(account);
    settings.routes[0].accounts = {1};
    return settings;
}

TEST(SettingsDiff, NothingChanged) { EXPECT_TRUE(diff(base(), base()).empty()); }

TEST(SettingsDiff, LiveAndRestart) {
    Settings wanted = base();
    wanted.server.shards = 8;
    wanted.log.level = LogLevel::debug;
    wanted.limits.max_sessions = 1;
    wanted.limits.password_threads = 4;
    wanted.listeners.pop_back();
    const SettingsDiff found = diff(base(), wanted);
    EXPECT_EQ(found.live, (Lines{"log.level: changed", "limits: changed"}));
    EXPECT_EQ(found.restart, (Lines{"server.shards: changed; the messages are dealt anew at the start",
                                    "listener: changed", "limits.password_threads: changed"}));
}

TEST(SettingsDiff, PeersByName) {
    Settings wanted = base();
    wanted.accounts[1].password_hash = "other";
    wanted.providers[0].endpoints[0].port = 9;
    routing::Provider added = wanted.providers[0];
    added.name = "new";
    wanted.providers.push_back(added);
    EXPECT_EQ(diff(base(), wanted).live,
              (Lines{"account 'acme': changed; who may bind is checked at the next bind",
                     "provider 'mc': changed; its links bind anew", "provider 'new': added"}));
    wanted = base();
    wanted.accounts[0].window = 9;
    EXPECT_EQ(diff(base(), wanted).live, (Lines{"account 'demo': changed"}));
    EXPECT_TRUE(diff(wanted, base()).restart.empty());
    wanted = base();
    wanted.providers[0].tlvs.push_back({{smpp::Tag{0x1454}, "mccmnc", smpp::NamedTlvType::decimal},
                                        routing::TlvMeaning::mcc_mnc});
    EXPECT_EQ(diff(base(), wanted).live, (Lines{"provider 'mc': changed"}));
}

TEST(SettingsDiff, PlacesInTheFileDoNotMatter) {
    Settings wanted = base();
    std::swap(wanted.accounts[0], wanted.accounts[1]);
    wanted.accounts[0].id = 0;
    wanted.accounts[1].id = 1;
    wanted.routes[0].accounts = {0};
    EXPECT_TRUE(diff(base(), wanted).empty());
    wanted.routes[0].accounts = {1};
    EXPECT_EQ(diff(base(), wanted).live, (Lines{"route: the routes changed, for messages from now on"}));
}

TEST(SettingsDiff, RemovedAccount) {
    Settings wanted = base();
    wanted.accounts.pop_back();
    wanted.routes[0].accounts = {};
    EXPECT_EQ(diff(base(), wanted).live,
              (Lines{"account 'acme': removed", "route: the routes changed, for messages from now on"}));
}

}  // namespace
}  // namespace sluice::admin
