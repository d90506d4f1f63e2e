#include <algorithm>
#include <future>

#include "tests/app/house.hpp"

namespace sluice::app {
namespace {

using test::House;
using test::Json;
using test::Sender;

class AdminApiTest : public House {};

std::vector<std::string> events_of(const Json& trace) {
    std::vector<std::string> names;
    for (const Json& event : trace["events"]) names.push_back(event["event"]);
    return names;
}

TEST_F(AdminApiTest, StatusTellsWhatRuns) {
    start_message_centre();
    start();
    const Json status = json_once("status", [](const Json& s) { return s["provider_binds"] == 2; });
    EXPECT_EQ(status["version"], "1.2.3");
    EXPECT_EQ(status["system_id"], "sluice");
    EXPECT_EQ(status["shards"], shards);
    EXPECT_EQ(status["healthy"], true);
    EXPECT_EQ(status["listening"], Json::array({smpp_port().to_string()}));
    EXPECT_EQ(status["io"], io::to_string(gateway->backend()));
    EXPECT_EQ(status["sessions"], 0);
    EXPECT_EQ(status["totals"]["accepted"], 0);
}

TEST_F(AdminApiTest, CountsWhatHappens) {
    start_message_centre();
    start();
    Sender sender(smpp_port());
    for (int i = 0; i < 5; ++i) sender.submit("447700900123");
    sender.await_receipts(5);
    const Json status = json_once("status", [](const Json& s) { return s["totals"]["reports_delivered"] == 5; });
    EXPECT_EQ(status["totals"]["accepted"], 5);
    EXPECT_EQ(status["totals"]["sent"], 5);
    EXPECT_EQ(status["totals"]["receipts_matched"], 5);
    EXPECT_EQ(status["sessions"], 1);
}

TEST_F(AdminApiTest, ReceiptsWithoutTheirMessageAreListed) {
    app::MessageCentreOptions late;
    late.receipt_first = 100;
    late.latency = {seconds(25), seconds(25)};  // the receipts are held until then
    start_message_centre(late);
    start();
    EXPECT_EQ(json("receipts")["receipts"], Json::array());
    Sender sender(smpp_port());
    for (int i = 0; i < 3; ++i) sender.submit("447700900123");
    const Json all = json_once("receipts", [](const Json& body) { return body["held"] == 3; });
    EXPECT_EQ(all["quarantined"], 0);
    EXPECT_EQ(all["limit"], 100);
    ASSERT_EQ(all["receipts"].size(), 3u);
    const Json& first = all["receipts"].front();
    EXPECT_EQ(first["place"], "held");
    EXPECT_EQ(first["provider"], settings.providers.front().name);
    EXPECT_FALSE(first["message_id"].get<std::string>().empty());
    EXPECT_EQ(first["message_state"], "DELIVERED");
    EXPECT_EQ(first["final"], true);
    EXPECT_EQ(first["reading"], "as written");
    EXPECT_GE(first["since"], all["receipts"].back()["since"]);
    const Json two = json("receipts?limit=2");
    EXPECT_EQ(two["held"], 3);
    EXPECT_EQ(two["receipts"].size(), 2u);
    for (const char* limit : {"0", "10001", "-1", "x", "5x"}) json(std::string("receipts?limit=") + limit, 400);
}

TEST_F(AdminApiTest, ATraceTellsAMessagesWholeLife) {
    start_message_centre();
    start();
    Sender sender(smpp_port());
    const std::string id = sender.submit("447700900123");
    sender.await_receipts(1);
    const Json trace = json_once("messages/" + id, [](const Json& t) {
        const auto names = events_of(t);
        return std::ranges::find(names, "done") != names.end();
    });
    EXPECT_EQ(trace["id"], id);
    EXPECT_TRUE(trace["stored"].is_null());
    EXPECT_EQ(trace["note"], "it is done: nothing is owed any more, and nothing of it is stored");
    EXPECT_EQ(events_of(trace),
              (std::vector<std::string>{"accepted", "send", "response", "receipt", "report",
                                        "send", "response", "done"}));
    const Json& events = trace["events"];
    EXPECT_EQ(events[0]["party"], "demo");
    EXPECT_EQ(events[1]["party"], "mc");
    EXPECT_EQ(events[2]["command_status"], "ESME_ROK");
    EXPECT_EQ(events[3]["message_state"], "DELIVERED");
    EXPECT_EQ(events[6]["party"], "demo");
    std::vector<std::string> times;
    for (const Json& event : events) times.push_back(event["time"]);
    EXPECT_TRUE(std::ranges::is_sorted(times));
    EXPECT_GE(times.front(), trace["events_since"].get<std::string>());
    // The same in hexadecimal, as other accounts are shown it.
    EXPECT_EQ(json("messages/" + trace["hex"].get<std::string>())["id"], id);
}

TEST_F(AdminApiTest, AMessageThatWaitsIsShownWhereItWaits) {
    settings.providers.front().caps = {1000, 0};
    start();
    Sender sender(smpp_port());
    const std::string id = sender.submit("447700900123");
    const Json trace = json_once(
        "messages/" + id, [](const Json& t) { return t["events"].size() == 1 && t["stored"]["stage"] == "queued"; });
    EXPECT_EQ(trace["stored"]["account"], "demo");
    EXPECT_EQ(trace["stored"]["provider"], "mc");
    EXPECT_EQ(trace["stored"]["state"], "ENROUTE");
    EXPECT_EQ(trace["stored"]["failed_tries"], 0);
    EXPECT_FALSE(trace.contains("note"));

    const Json queues = json("queues")["queues"];
    ASSERT_EQ(queues.size(), 1u);
    EXPECT_EQ(queues[0]["kind"], "provider");
    EXPECT_EQ(queues[0]["name"], "mc");
    EXPECT_EQ(queues[0]["in_memory"], 1);
    EXPECT_EQ(queues[0]["on_disk"], 0);

    const Json provider = json("providers")["providers"][0];
    EXPECT_EQ(provider["health"], "down");
    EXPECT_EQ(provider["queued"], 1);
    EXPECT_EQ(provider["binds_up"], 0);
    EXPECT_EQ(provider["binds_wanted"], 2);
    EXPECT_EQ(provider["hour"]["used"], 0);
    EXPECT_EQ(provider["hour"]["max"], 1000);
    EXPECT_TRUE(provider["hour"]["resets_at"].get<std::string>().ends_with(":00:00.000000Z"));
    EXPECT_FALSE(provider.contains("day"));
    const Json account = json("accounts")["accounts"][0];
    EXPECT_EQ(account["system_id"], "demo");
    EXPECT_EQ(account["unfinished"], 1);
    EXPECT_EQ(account["sessions"], 1);
}

TEST_F(AdminApiTest, AMessageThatWasWrittenToItsRowIsFoundThere) {
    settings.limits.max_young = 1;  // the older ones settle on disk at once
    start();
    Sender sender(smpp_port());
    std::vector<std::string> ids;
    for (int i = 0; i < 20; ++i) ids.push_back(sender.submit("447700900123"));
    const Json trace =
        json_once("messages/" + ids.front(), [](const Json& t) { return t["stored"]["kept"] == "on disk"; });
    EXPECT_EQ(trace["stored"]["account"], "demo");
    json_once("queues", [](const Json& q) {
        std::uint64_t on_disk = 0, all = 0;
        for (const Json& lane : q["queues"]) {
            on_disk += lane["on_disk"].get<std::uint64_t>();
            all += lane["on_disk"].get<std::uint64_t>() + lane["in_memory"].get<std::uint64_t>();
        }
        return on_disk > 0 && all == 20;
    });
}

TEST_F(AdminApiTest, AMessageThatNeverWasIsNotFound) {
    start();
    const Json trace = json("messages/935264711023099904", 404);
    EXPECT_TRUE(trace["stored"].is_null());
    EXPECT_NE(trace["note"].get<std::string>().find("nothing is known"), std::string::npos);
    json("messages/no-id", 400);
    json("messages/99999999999999999999999", 400);
}

TEST_F(AdminApiTest, SessionsAreListedAndKicked) {
    start_message_centre();
    start();
    Sender sender(smpp_port());
    json_once("status", [](const Json& s) { return s["provider_binds"] == 2; });
    const Json sessions = json("sessions")["sessions"];
    ASSERT_EQ(sessions.size(), 3u);
    const auto customer = std::ranges::find_if(sessions, [](const Json& s) { return s["role"] == "account"; });
    ASSERT_NE(customer, sessions.end());
    EXPECT_EQ((*customer)["name"], "demo");
    EXPECT_EQ((*customer)["bind"], "transceiver");
    EXPECT_EQ((*customer)["interface_version"], "0x34");
    EXPECT_TRUE((*customer)["peer"].get<std::string>().starts_with("127.0.0.1:"));
    EXPECT_EQ((*customer)["in_flight"], 0);
    EXPECT_GE((*customer)["pdus_in"], 1);

    const std::string id = (*customer)["id"];
    EXPECT_EQ(json("POST", "sessions/" + id + "/kick", "{}")["unbinding"], true);
    sender.await_end();
    json_once("sessions", [](const Json& s) { return s["sessions"].size() == 2; });
    json("POST", "sessions/" + id + "/kick", "{}", 404);
    json("POST", "sessions/9.1.1/kick", "{}", 404);
    for (const char* const wrong : {"1", "0.1", "0.1.1.1", "0.1.x", "0.1.", "-1.0.0"})
        json("POST", std::string("sessions/") + wrong + "/kick", "{}", 400);
}

TEST_F(AdminApiTest, ARouteIsExplainedWithTheHealthOfNow) {
    start();
    Json answer = json("route-explain?account=demo&from=Sluice&to=%2B447700900123");
    EXPECT_EQ(answer["to"], "447700900123");
    EXPECT_EQ(answer["outcome"], "routed");
    EXPECT_EQ(answer["providers"], Json::array({"mc"}));
    const std::string lines = answer["explanation"].dump();
    EXPECT_NE(lines.find("everything"), std::string::npos) << lines;
    EXPECT_NE(lines.find("down"), std::string::npos) << lines;
    json("route-explain?account=nobody&to=447700900123", 404);
    json("route-explain?account=demo", 400);
}

TEST_F(AdminApiTest, ReloadSaysWhatItDid) {
    admin::Settings changed;
    reload = [&] { return gateway->reload(changed); };
    start();
    changed = settings;
    changed.accounts.front().max_sessions = 7;
    const Json done = json("POST", "reload", "{}");
    EXPECT_EQ(done["applied"].size(), 1u) << done;
    EXPECT_EQ(done["needs_restart"].size(), 0u) << done;
    EXPECT_EQ(json("accounts")["accounts"][0]["max_sessions"], 7);
}

TEST_F(AdminApiTest, AReloadThatIsWrongChangesNothing) {
    reload = []() -> Result<admin::SettingsDiff> { return fail("sluice.toml:3:1: server.nod: there is no such key"); };
    start();
    EXPECT_EQ(json("POST", "reload", "{}", 422)["error"], "sluice.toml:3:1: server.nod: there is no such key");
}

TEST_F(AdminApiTest, WithoutAFileThereIsNothingToReload) {
    start();
    json("POST", "reload", "{}", 409);
}

TEST_F(AdminApiTest, DrainingUnbindsEverybodyAndIsUnhealthy) {
    start_message_centre();
    start();
    EXPECT_EQ(get("/healthz").status, 200);
    EXPECT_EQ(get("/healthz").body, "ok\n");
    Sender sender(smpp_port());
    EXPECT_EQ(json("POST", "drain", "{}")["draining"], true);
    sender.await_end();
    EXPECT_EQ(get("/healthz").status, 503);
    EXPECT_NE(get("/healthz").body.find("draining"), std::string::npos);
    json_once("sessions", [](const Json& s) { return s["sessions"].empty(); });
    EXPECT_EQ(json("status")["draining"], true);
}

TEST_F(AdminApiTest, AShardThatHangsIsNamedAndHoldsUpNobody) {
    start();
    std::promise<void> go_on;
    std::shared_future<void> blocked = go_on.get_future();
    gateway->post_to_shard(1, [blocked](gateway::Shard&) { blocked.wait(); });
    const test::HttpReply health = get("/healthz");
    EXPECT_EQ(health.status, 503);
    EXPECT_NE(health.body.find("shard 1 does not answer"), std::string::npos) << health.body;
    EXPECT_EQ(json("sessions", 503)["error"], "shard 1 did not answer in time");
    const test::HttpReply metrics = get("/metrics");
    EXPECT_EQ(metrics.status, 200);
    EXPECT_NE(metrics.body.find("sluice_shard_responsive{shard=\"0\"} 1\n"), std::string::npos);
    EXPECT_NE(metrics.body.find("sluice_shard_responsive{shard=\"1\"} 0\n"), std::string::npos);
    go_on.set_value();
    json_once("sessions", [](const Json& s) { return s.contains("sessions"); });
    EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(AdminApiTest, LogLevelsChangeAtRunTime) {
    start();
    json("PUT", "log-level", R"({"level": "debug"})");
    EXPECT_EQ(logger->level(), admin::LogLevel::debug);
    json("PUT", "log-level", R"({"level": "trace", "subsystem": "gateway"})");
    EXPECT_EQ(json("status")["log"]["subsystems"]["gateway"], "trace");
    json("PUT", "log-level", R"({"level": "default", "subsystem": "gateway"})");
    EXPECT_TRUE(json("status")["log"]["subsystems"].empty());
    json("PUT", "log-level", R"({"level": "trace", "subsystem": "nobody"})", 404);
    for (const char* const wrong :
         {R"({"level": "loud"})", R"({"level": 3})", "{}", "[]", "loud", R"({"level": "default"})"})
        json("PUT", "log-level", wrong, 400);
    EXPECT_EQ(logger->level(), admin::LogLevel::debug);
}

}  // namespace
}  // namespace sluice::app
