#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/app/house.hpp"

// The history through the admin port: lists, traces, restarts, masks.
namespace sluice::app {
namespace {

using test::House;
using test::Json;
using test::Sender;

constexpr const char* number = "447700900123";

/// Whether so much of the number is there that it cannot be by chance, as
/// four digits of it can be: in a time, an id, a port.
bool has_number(const std::string& all) {
    constexpr std::string_view whole = number;
    constexpr std::size_t part = 8;
    for (std::size_t i = 0; i + part <= whole.size(); ++i)
        if (all.find(whole.substr(i, part)) != std::string::npos) return true;
    return false;
}

class HistoryTest : public House {
protected:
    void stop() {
        server.reset();
        gateway.reset();
        logger.reset();
    }
    void await_done(const std::string& id) {
        json_once("messages/" + id, [](const Json& trace) {
            return std::ranges::any_of(trace["events"], [](const Json& event) { return event["event"] == "done"; });
        });
    }
    /// Everything that people look at: the history's files, the log, and what the admin port says.
    std::string written(const std::string& id) {
        std::string all;
        for (const char* path : {"messages", "sessions", "providers", "accounts", "queues", "receipts", "status"})
            all += get_answer(std::string("/api/v1/") + path).body;
        all += get_answer("/api/v1/messages/" + id).body + get("/metrics").body;
        stop();
        std::vector<std::filesystem::path> files{folder / "log"};
        for (const auto& file : std::filesystem::directory_iterator(folder / "data/history"))
            files.push_back(file.path());
        for (const auto& file : files) {
            std::ostringstream text;
            text << std::ifstream(file, std::ios::binary).rdbuf();
            all += text.str();
        }
        return all;
    }
    /// Sends a message with everything on that writes, and returns what was written of it.
    std::string live_and_read() {
        settings.history.pdus = true;
        start_message_centre();
        start();
        logger->set_privacy(settings.privacy);
        logger->set_level(admin::LogLevel::trace);
        logger->line("gateway")('D', std::string("a line about ") + number);
        Sender sender(smpp_port());
        const std::string id = sender.submit(number);
        sender.await_receipts(1);
        await_done(id);
        return written(id);
    }
};

TEST_F(HistoryTest, ATraceSurvivesARestartAndIsFoundByTheProvidersId) {
    start_message_centre();
    start();
    std::string id;
    {
        Sender sender(smpp_port());
        id = sender.submit(number);
        sender.await_receipts(1);
        await_done(id);
    }
    stop();
    start();
    const Json trace = json("messages/" + id);
    EXPECT_EQ(trace["events"].back()["event"], "done");
    EXPECT_EQ(trace["events"][0]["destination_addr"], number);
    EXPECT_EQ(trace["events"][0]["source_addr"], "Sluice");
    EXPECT_EQ(trace["events"][0]["for"], "mc");
    EXPECT_EQ(trace["events"][3]["event"], "receipt");
    EXPECT_EQ(trace["events"][3]["err"], "000");
    const std::string provider_id = trace["events"][2]["message_id"];
    const Json same = json("messages/" + provider_id);
    EXPECT_EQ(same["id"], id);
    EXPECT_EQ(same["found_by"], "the provider's id");
    EXPECT_EQ(same["events"], trace["events"]);
}

TEST_F(HistoryTest, MessagesAreListedByWhatIsKnownOfThem) {
    start_message_centre();
    start();
    Sender sender(smpp_port());
    std::vector<std::string> ids;
    for (const char* to : {"447700900123", "447700900124", "33600000001"}) ids.push_back(sender.submit(to));
    sender.await_receipts(3);
    for (const std::string& id : ids) await_done(id);
    const auto listed = [&](const std::string& filters) {
        std::vector<std::string> found;
        const Json list = json("messages" + filters);
        for (const Json& row : list["messages"]) found.push_back(row["id"]);
        return found;
    };
    using Ids = std::vector<std::string>;
    const Ids newest_first(ids.rbegin(), ids.rend());
    const Json all = json("messages");
    EXPECT_EQ(listed(""), newest_first);
    EXPECT_EQ(all["all"], true);
    EXPECT_EQ(all["messages"][0]["state"], "DELIVERED");
    EXPECT_EQ(all["messages"][0]["account"], "demo");
    EXPECT_EQ(all["messages"][0]["provider"], "mc");
    EXPECT_EQ(all["messages"][0]["last_event"], "done");
    EXPECT_EQ(listed("?to=447700900124"), Ids{ids[1]});
    EXPECT_EQ(listed("?to=4477*"), (Ids{ids[1], ids[0]}));
    EXPECT_EQ(listed("?from=Sluice&limit=2"), (Ids{ids[2], ids[1]}));
    EXPECT_EQ(json("messages?limit=2")["all"], false);
    EXPECT_EQ(listed("?from=Other"), Ids{});
    EXPECT_EQ(listed("?state=delivered&account=demo&provider=mc&since=1h"), newest_first);
    EXPECT_EQ(listed("?state=final"), newest_first);
    EXPECT_EQ(listed("?state=open"), Ids{});
    EXPECT_EQ(listed("?state=undeliverable"), Ids{});
    EXPECT_EQ(listed("?until=1h"), Ids{});
    EXPECT_EQ(listed("?since=2020-01-01&until=2020-01-02T03:04:05Z"), Ids{});
    // An end of the range that is not now: how they went on is looked up.
    const std::string last = all["messages"][0]["accepted_at"];
    for (const std::string& id : listed("?state=delivered&since=2020-01-01&until=" + last.substr(0, 19) + "Z"))
        EXPECT_NE(std::ranges::find(ids, id), ids.end());
    for (const char* const wrong : {"?state=lost", "?limit=0", "?limit=x", "?since=soon", "?until=2026-13-01", "?too=1",
                                    "?since=2026-01-01T25:00"})
        json(std::string("messages") + wrong, 400);
    json("messages?account=nobody", 404);
    json("messages?provider=nobody", 404);
}

TEST_F(HistoryTest, WhatIsNotFinalIsOpen) {
    start();
    Sender sender(smpp_port());
    const std::string id = sender.submit(number);
    const Json list = json_once("messages?state=open", [](const Json& l) { return l["messages"].size() == 1; });
    EXPECT_EQ(list["messages"][0]["id"], id);
    EXPECT_EQ(list["messages"][0]["state"], "ENROUTE");
    EXPECT_EQ(json("messages?state=final")["messages"].size(), 0u);
}

TEST_F(HistoryTest, WithoutMasksEverythingIsThere) {
    const std::string all = live_and_read();
    EXPECT_TRUE(has_number(all));
    EXPECT_NE(all.find("a line about 447700900123"), std::string::npos);
    EXPECT_NE(all.find("PDU out"), std::string::npos);
    EXPECT_NE(all.find("Hello"), std::string::npos);
}

TEST_F(HistoryTest, EveryPduOfAMessageIsKeptWhereAsked) {
    settings.history.pdus = true;
    app::MessageCentreOptions later;  // a receipt that comes before its message is known is answered for nobody
    later.receipt_delay = {milliseconds(300), milliseconds(300)};
    start_message_centre(later);
    start();
    Sender sender(smpp_port());
    const std::string id = sender.submit(number);
    sender.await_receipts(1);
    await_done(id);
    // The provider is answered for its receipt when the receipt is on disk, which may be after the account has it.
    std::multiset<std::string> kept;
    const Json trace = json_once("messages/" + id, [&](const Json& its) {
        kept.clear();
        for (const Json& event : its["events"])
            if (event.contains("pdu"))
                kept.insert(event["event"].get<std::string>() + " " + event["command"].get<std::string>());
        return kept.size() >= 8;
    });
    EXPECT_EQ(kept, (std::multiset<std::string>{
                        "PDU in submit_sm", "PDU out submit_sm_resp",     // the account's
                        "PDU out submit_sm", "PDU in submit_sm_resp",     // the provider's
                        "receipt PDU deliver_sm", "PDU out deliver_sm_resp",
                        "PDU out deliver_sm", "PDU in deliver_sm_resp"}));
    std::size_t pdus = 0;
    std::string last;
    for (const Json& event : trace["events"]) {
        const std::string at = event["time"];
        EXPECT_GE(at, last);
        last = at;
        if (!event.contains("pdu")) continue;
        const std::string pdu = event["pdu"];
        EXPECT_EQ(std::stoul(pdu.substr(0, 8), nullptr, 16) * 2, pdu.size()) << event;
        ++pdus;
    }
    EXPECT_EQ(pdus, 8u);
}

TEST_F(HistoryTest, MaskedNumbersAndTextsAreNowhere) {
    settings.privacy = {Privacy::Numbers::all, true};
    const std::string all = live_and_read();
    EXPECT_FALSE(has_number(all));
    EXPECT_EQ(all.find("343437373030393030"), std::string::npos) << "in the hexadecimal of a PDU";
    EXPECT_EQ(all.find("Hello"), std::string::npos);
    EXPECT_NE(all.find("a line about ************"), std::string::npos);
    EXPECT_NE(all.find("\"destination_addr\": \"************\""), std::string::npos);
    EXPECT_NE(all.find("PDU out"), std::string::npos);
}

TEST_F(HistoryTest, TheLastFourDigitsMayStay) {
    settings.privacy.numbers = Privacy::Numbers::last4;
    const std::string all = live_and_read();
    EXPECT_FALSE(has_number(all));
    EXPECT_NE(all.find("a line about ********0123"), std::string::npos);
    EXPECT_NE(all.find("\"destination_addr\": \"********0123\""), std::string::npos);
}

TEST_F(HistoryTest, AMaskedNumberCanStillBeAskedFor) {
    settings.privacy.numbers = Privacy::Numbers::last4;
    start_message_centre();
    start();
    Sender sender(smpp_port());
    const std::string id = sender.submit(number);
    const Json list = json(std::string("messages?to=") + number);
    ASSERT_EQ(list["messages"].size(), 1u);
    EXPECT_EQ(list["messages"][0]["id"], id);
    EXPECT_EQ(list["messages"][0]["destination_addr"], "********0123");
}

TEST_F(HistoryTest, WhereAMessageWouldGoIsToldMasked) {
    settings.privacy.numbers = Privacy::Numbers::last4;
    start();
    const std::string all = get(std::string("/api/v1/route-explain?account=demo&to=") + number).body +
                            get(std::string("/api/v1/home-explain?provider=mc&from=") + number + "&to=" + number).body;
    EXPECT_EQ(all.find(number), std::string::npos) << all;
    EXPECT_NE(all.find("********0123"), std::string::npos) << all;
    EXPECT_NE(all.find("\"mc\""), std::string::npos) << all;
}

TEST_F(HistoryTest, AReloadChangesMasksAndRetention) {
    admin::Settings changed;
    reload = [&] { return gateway->reload(changed); };
    start_message_centre();
    start();
    Sender sender(smpp_port());
    sender.submit(number);
    changed = settings;
    changed.privacy.numbers = Privacy::Numbers::all;
    changed.history.keep = std::chrono::hours(1);
    changed.history.enabled = false;
    const Json done = json("POST", "reload", "{}");
    EXPECT_EQ(done["applied"], (Json{"history: changed", "privacy: changed, for what is written from now on"}));
    EXPECT_EQ(done["needs_restart"], Json{"history.enabled: changed"});
    sender.submit(number);
    const Json list = json("messages");
    ASSERT_EQ(list["messages"].size(), 2u);
    EXPECT_EQ(list["messages"][0]["destination_addr"], "************");
    EXPECT_EQ(list["messages"][1]["destination_addr"], number);
}

TEST_F(HistoryTest, ADiskThatTakesNoHistoryStopsNothing) {
    start_message_centre();
    start();
    const std::filesystem::path history = folder / "data/history";
    std::filesystem::rename(history, folder / "away");
    Sender sender(smpp_port());
    std::string id = sender.submit(number);
    sender.await_receipts(1);
    json_once("status", [](const Json& status) { return status["messages"]["in_memory"] == 0; });
    EXPECT_EQ(get("/api/v1/messages/" + id).status, 404);  // flushes what there is
    const std::string metrics = get("/metrics").body;
    EXPECT_EQ(metrics.find("\nsluice_history_lost_total 0\n"), std::string::npos);
    EXPECT_NE(metrics.find("\nsluice_history_lost_total "), std::string::npos);
    std::filesystem::rename(folder / "away", history);
    id = sender.submit(number);
    sender.await_receipts(2);
    await_done(id);
    stop();
    std::ostringstream log;
    log << std::ifstream(folder / "log").rdbuf();
    EXPECT_NE(log.str().find("events were lost"), std::string::npos) << log.str();
}

TEST_F(HistoryTest, AHistoryThatCannotBeOpenedIsToldAndStopsNoStart) {
    std::filesystem::create_directories(folder / "data");
    std::ofstream(folder / "data/history") << "a file where the directory should be";
    start_message_centre();
    start();
    EXPECT_NE(get("/api/v1/status").body.find("history: none is kept, because "), std::string::npos);
    Sender sender(smpp_port());
    sender.submit(number);
    sender.await_receipts(1);
    json("messages", 409);
}

TEST_F(HistoryTest, WithoutAHistoryATraceTellsWhatIsStored) {
    settings.history.enabled = false;
    start();
    Sender sender(smpp_port());
    const std::string id = sender.submit(number);
    const Json trace = json("messages/" + id);
    EXPECT_EQ(trace["stored"]["stage"], "queued");
    EXPECT_EQ(trace["history"], false);
    EXPECT_TRUE(trace["events"].empty());
    json("messages", 409);
}

TEST_F(HistoryTest, SessionsAreKickedByAccountAndAddress) {
    start_message_centre();
    start();
    json_once("status", [](const Json& s) { return s["provider_binds"] == 2; });
    Sender first(smpp_port()), second(smpp_port());
    EXPECT_EQ(json("sessions?account=demo")["sessions"].size(), 2u);
    EXPECT_EQ(json("sessions?provider=mc")["sessions"].size(), 2u);
    EXPECT_EQ(json("sessions?account=demo&address=127.0.0.0/8")["sessions"].size(), 2u);
    EXPECT_EQ(json("sessions?address=192.0.2.1")["sessions"].size(), 0u);
    const Json session = json("sessions?account=demo")["sessions"][0];
    EXPECT_EQ(session["window"], 100);
    EXPECT_EQ(session["tls"], "");
    EXPECT_EQ(session["certificate"], "");
    EXPECT_TRUE(session.contains("pdus_in_per_second") && session.contains("silent_seconds"));
    json("sessions?name=demo", 400);
    json("sessions?address=here", 400);
    json("POST", "kick", "{}", 400);
    json("POST", "kick?account=nobody", "{}", 404);
    json("POST", "kick?address=here", "{}", 400);
    json("POST", "kick?address=127.0.0.1&account=demo", "{}", 400);
    EXPECT_EQ(json("POST", "kick?address=192.0.2.0/24", "{}")["unbinding"], 0);
    EXPECT_EQ(json("POST", "kick?account=demo", "{}")["unbinding"], 2);
    first.await_end();
    second.await_end();
    Sender third(smpp_port());
    EXPECT_EQ(json("POST", "kick?address=127.0.0.1", "{}")["unbinding"], 1);
    third.await_end();
    EXPECT_EQ(json("sessions?provider=mc")["sessions"].size(), 2u);
}

}  // namespace
}  // namespace sluice::app
