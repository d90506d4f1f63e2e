#include "engine/app/charging_log.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/gateway/record.hpp"
#include "tests/app/house.hpp"

namespace sluice::app {
namespace {

using gateway::Movement;
using Json = nlohmann::json;

class ChargingLogTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "sluice-charging-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder = name;
        config.directory = folder / "records";
        config.retry = milliseconds(5);
    }
    void TearDown() override {
        log.reset();
        std::filesystem::remove_all(folder);
    }
    void open() {
        auto opened = ChargingLog::open(config, clock, [](char, std::string) {});
        ASSERT_TRUE(opened) << opened.error().message;
        log = std::move(*opened);
        log->set_names({{7, "acme \"& co\""}, {8, "north"}});
    }
    static Movement movement(gateway::MessageId id, Movement::Kind kind) {
        Movement m;
        m.at = 1'900'000'000'000'000;
        m.accepted_at = m.at - 5'000'000;
        m.amount = Money::unit * 3 / 2;
        m.message = id;
        m.shown_id = id;
        m.account = 7;
        m.provider = 8;
        m.kind = kind;
        m.units = 2;
        return m;
    }
    static std::string addresses(std::string_view from, std::string_view to) {
        std::string body("CMT\0\5\0", 6);
        body += from;
        body += std::string("\0\1\1", 3);
        body += to;
        body += std::string("\0\0\0", 3);
        return body;
    }
    void take(std::uint64_t batch, Movement m, std::string text = addresses("Sluice", "447700900123"),
              std::uint32_t shard = 0) {
        m.text_size = static_cast<std::uint8_t>(text.size());
        gateway::Movements movements;
        gateway::write_movement(movements, m, text);
        while (!log->take(shard, batch, movements)) usleep(1000);
    }
    void await(std::uint64_t batch, std::uint32_t shard = 0) {
        const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        while (log->written(shard) < batch) {
            ASSERT_LT(std::chrono::steady_clock::now(), limit);
            usleep(1000);
        }
    }
    std::vector<std::filesystem::path> files() const {
        std::vector<std::filesystem::path> all;
        for (const auto& entry : std::filesystem::directory_iterator(config.directory)) all.push_back(entry.path());
        std::ranges::sort(all);
        return all;
    }
    std::vector<Json> lines() const {
        std::vector<Json> all;
        for (const auto& file : files()) {
            std::ifstream in(file);
            for (std::string line; std::getline(in, line);) all.push_back(Json::parse(line));
        }
        return all;
    }

    std::filesystem::path folder;
    ChargingLog::Config config;
    SystemClock clock;
    std::unique_ptr<ChargingLog> log;
};

TEST_F(ChargingLogTest, ALineSaysWhatHappened) {
    open();
    take(1, movement(4711, Movement::Kind::reserved));
    Movement released = movement(4711, Movement::Kind::released);
    released.state = smpp::MessageState::undeliverable;
    released.error_size = 3;
    std::copy_n("011", 3, released.error);
    released.part = 2;
    released.parts = 3;
    take(2, released);
    Movement credited = movement(4712, Movement::Kind::credited);
    credited.amount = -Money::unit;
    take(3, credited, "invoice \"7\"\n");
    await(3);
    const std::vector<Json> all = lines();
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0], Json::parse(R"({"id":"4711-reserve","kind":"reserve","time":"2030-03-17T17:46:40.000000Z",
        "account":"acme \"& co\"","amount":"1.5","parts":2,"message_id":"4711",
        "submitted":"2030-03-17T17:46:35.000000Z","provider":"north","from":"Sluice","to":"447700900123"})"));
    EXPECT_EQ(all[1]["id"], "4711-release");
    EXPECT_EQ(all[1]["state"], "UNDELIV");
    EXPECT_EQ(all[1]["error"], "011");
    EXPECT_EQ(all[1]["part"], 2);
    EXPECT_EQ(all[1]["part_of"], 3);
    EXPECT_EQ(all[2], Json::parse(R"({"id":"4712-credit","kind":"credit","time":"2030-03-17T17:46:40.000000Z",
        "account":"acme \"& co\"","amount":"-1","reference":"invoice \"7\"\n"})"));
    EXPECT_EQ(log->lines(), 3u);
}

TEST_F(ChargingLogTest, WhateverAPeerWroteItIsOneLineOfJson) {
    open();
    std::uint64_t batch = 1;
    for (const std::string& body : {std::string(), std::string("\xFF\xFE\n\"", 4), std::string("no end at all"),
                                    std::string(Movement::most_text, '\n'), addresses("\xC3\n", "\"\\")})
        take(batch, movement(batch, Movement::Kind::reserved), body), ++batch;
    await(--batch);
    EXPECT_EQ(lines().size(), batch);
}

TEST_F(ChargingLogTest, UnknownNamesAreNumbers) {
    open();
    Movement m = movement(1, Movement::Kind::settled);
    m.account = 0xABC1;
    take(1, m);
    await(1);
    EXPECT_EQ(lines().front()["account"], "0000abc1");
}

TEST_F(ChargingLogTest, LargeFilesAreClosedAndNothingIsLost) {
    config.max_file_bytes = 2000;
    open();
    for (std::uint64_t i = 1; i <= 200; ++i) take(i, movement(i, Movement::Kind::reserved));
    await(200);
    log.reset();
    EXPECT_GT(files().size(), 2u);
    std::set<std::string> ids;
    for (const Json& line : lines()) ids.insert(line["id"]);
    EXPECT_EQ(ids.size(), 200u);
}

TEST_F(ChargingLogTest, OldFilesAreClosedThoughNothingComes) {
    config.max_file_age = seconds(0);
    open();
    take(1, movement(1, Movement::Kind::reserved));
    await(1);
    const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (files().front().filename() == "current.jsonl") {
        ASSERT_LT(std::chrono::steady_clock::now(), limit);
        usleep(1000);
    }
    EXPECT_TRUE(files().front().filename().string().starts_with("charging-"));
    EXPECT_EQ(lines().size(), 1u);
}

TEST_F(ChargingLogTest, ALineThatACrashCutIsTakenAway) {
    open();
    for (std::uint64_t i = 1; i <= 50; ++i) take(i, movement(i, Movement::Kind::reserved));
    await(50);
    log.reset();
    std::filesystem::resize_file(config.directory / "current.jsonl",
                                 std::filesystem::file_size(config.directory / "current.jsonl") - 10);
    open();
    take(1, movement(60, Movement::Kind::reserved));
    await(1);
    const std::vector<Json> all = lines();
    ASSERT_EQ(all.size(), 50u);
    EXPECT_EQ(all[48]["message_id"], "49");
    EXPECT_EQ(all[49]["message_id"], "60");
}

TEST_F(ChargingLogTest, WhatTheDiskRefusesIsWrittenLater) {
    open();
    take(1, movement(1, Movement::Kind::reserved));
    await(1);
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
    rlimit none = before;
    none.rlim_cur = std::filesystem::file_size(config.directory / "current.jsonl") + 20;  // in the midst of a line
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
    take(2, movement(2, Movement::Kind::reserved));
    const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (log->failures() < 3 && std::chrono::steady_clock::now() < limit) usleep(1000);
    EXPECT_EQ(log->written(0), 1u);
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    await(2);
    std::signal(SIGXFSZ, ignored);
    EXPECT_GE(log->failures(), 3u);
    EXPECT_EQ(lines().size(), 2u);
}

TEST_F(ChargingLogTest, AFolderThatCannotBeIsAnError) {
    config.directory = folder / "no" / "such" / "parent";
    EXPECT_FALSE(ChargingLog::open(config, clock, [](char, std::string) {}));
}

// ---- in a whole gateway

class ChargingHouse : public test::House {
protected:
    void charged(std::int64_t credits) {
        settings.accounts.front().charging.mode = routing::ChargingMode::prepaid;
        settings.accounts.front().charging.opening = Money::of(credits);
        settings.charging.directory = folder / "records";
        start_message_centre();
        start();
    }
    std::vector<test::Json> records() const {
        std::vector<test::Json> all;
        std::ifstream in(folder / "records" / "current.jsonl");
        for (std::string line; std::getline(in, line);) all.push_back(test::Json::parse(line));
        return all;
    }
};

TEST_F(ChargingHouse, BalancesTopUpsAndRecords) {
    charged(5);
    test::Sender sender(smpp_port());
    for (int i = 0; i < 3; ++i) sender.submit("447700900123");
    const auto account =
        json_once("accounts", [](const test::Json& body) { return body["accounts"][0]["spent"] == "3"; });
    EXPECT_EQ(account["accounts"][0]["charging"], "prepaid");
    EXPECT_EQ(account["accounts"][0]["available"], "2");
    EXPECT_EQ(account["accounts"][0]["reserved"], "0");
    EXPECT_EQ(account["accounts"][0]["credited"], "5");

    const auto first = json("POST", "accounts/demo/topup", R"({"amount":"2.5","reference":"a"})");
    EXPECT_EQ(first["booked"], true);
    EXPECT_EQ(first["available"], "4.5");
    const auto again = json("POST", "accounts/demo/topup", R"({"amount":"2.5","reference":"a"})");
    EXPECT_EQ(again["booked"], false);
    EXPECT_EQ(again["available"], "4.5");
    EXPECT_EQ(json("POST", "accounts/demo/topup", R"({"amount":"-0.5"})")["available"], "4");
    json("POST", "accounts/nobody/topup", R"({"amount":"1"})", 404);
    for (const char* wrong :
         {"", "{}", R"({"amount":1})", R"({"amount":"0"})", R"({"amount":"1e9"})", R"({"amount":"x"})"})
        json("POST", "accounts/demo/topup", wrong, 400);
    json("GET", "accounts/demo/topup", {}, 405);

    const std::string metrics = get("/metrics").body;
    EXPECT_NE(metrics.find("sluice_account_credits_available{account=\"demo\"} 4\n"), std::string::npos);
    EXPECT_NE(metrics.find("sluice_account_credits_spent{account=\"demo\"} 3\n"), std::string::npos);

    server.reset();
    gateway.reset();
    std::map<std::string, int> kinds;
    std::set<std::string> ids;
    for (const test::Json& line : records()) {
        ++kinds[line["kind"]];
        ids.insert(line["id"]);
        EXPECT_EQ(line["account"], "demo");
    }
    EXPECT_EQ(kinds, (std::map<std::string, int>{{"reserve", 3}, {"settle", 3}, {"credit", 3}}));
    EXPECT_EQ(ids.size(), 9u);
}

TEST_F(ChargingHouse, ARestartKeepsBalancesAndRecordsNothingTwice) {
    charged(5);
    {
        test::Sender sender(smpp_port());
        for (int i = 0; i < 3; ++i) sender.submit("447700900123");
    }
    json_once("accounts", [](const test::Json& body) { return body["accounts"][0]["spent"] == "3"; });
    server.reset();
    gateway->stop(seconds(10));
    gateway.reset();
    logger.reset();
    start();
    const auto account = json("accounts")["accounts"][0];
    EXPECT_EQ(account["available"], "2");
    EXPECT_EQ(account["credited"], "5");
    server.reset();
    gateway.reset();
    EXPECT_EQ(records().size(), 7u);
}

TEST_F(ChargingHouse, AnAccountWithoutChargingHasNoBalance) {
    start();
    EXPECT_EQ(json("accounts")["accounts"][0]["charging"], "none");
    json("POST", "accounts/demo/topup", R"({"amount":"1"})", 409);
}

}  // namespace
}  // namespace sluice::app
