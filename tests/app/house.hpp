#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/admin/log.hpp"
#include "engine/app/admin_server.hpp"
#include "engine/app/client.hpp"
#include "engine/app/gateway.hpp"
#include "engine/app/message_centre.hpp"
#include "tests/app/http.hpp"

/// A whole gateway in this process, with its admin port, a message centre behind it and customers in front of it.
namespace sluice::test {

using Json = nlohmann::json;

/// Sends messages and takes their receipts.
class Sender final : public app::ClientEvents {
public:
    explicit Sender(const io::Endpoint& gateway) {
        app::ClientOptions options;
        options.endpoint = gateway;
        options.bind.system_id = options.bind.password = admin::demo_system_id;
        client_ = std::move(*app::Client::open(options, *this));
        turn_until([this] { return client_->bound() == 1; });
    }

    /// Returns the message's id, as it was shown.
    std::string submit(const std::string& to, bool with_receipt = true) {
        pdu_ = {};
        pdu_.destination_addr = to;
        pdu_.source_addr = "Sluice";
        pdu_.source_addr_ton = static_cast<std::uint8_t>(smpp::Ton::alphanumeric);
        pdu_.registered_delivery = with_receipt ? 1 : 0;
        pdu_.short_message = as_bytes("Hello");
        waiting_ = true;
        const std::size_t before = ids.size();
        turn_until([&] { return ids.size() > before; });
        return ids.back();
    }
    void await_receipts(std::size_t count) {
        turn_until([&] { return receipts >= count; });
    }
    /// Until the gateway has ended the session.
    void await_end() {
        turn_until([this] { return !down.empty(); });
    }

    std::vector<std::string> ids;
    std::size_t receipts = 0;
    std::string down;

private:
    template <class Condition>
    void turn_until(Condition&& condition) {
        const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes(1);  // far above what it takes
        while (!condition()) {
            ASSERT_LT(std::chrono::steady_clock::now(), limit) << down;
            client_->turn(milliseconds(20));
        }
        client_->turn({});  // the last answer is sent at the start of a turn
    }
    const smpp::SubmitSm* next(std::uint64_t& cookie) override {
        cookie = 1;
        return std::exchange(waiting_, false) ? &pdu_ : nullptr;
    }
    void on_answer(std::uint64_t, smpp::CommandStatus status, std::string_view message_id) override {
        EXPECT_EQ(status, smpp::CommandStatus::ESME_ROK);
        ids.emplace_back(message_id);
    }
    void on_unanswered(std::uint64_t) override { ADD_FAILURE() << "a submit_sm without an answer"; }
    smpp::CommandStatus on_deliver(const smpp::DeliverSm&) override {
        ++receipts;
        return smpp::CommandStatus::ESME_ROK;
    }
    void on_down(std::string reason) override { down = std::move(reason); }

    smpp::SubmitSm pdu_;
    bool waiting_ = false;
    std::unique_ptr<app::Client> client_;
};

class House : public testing::Test {
protected:
    static constexpr std::size_t shards = 2;

    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "sluice-app-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder = name;
        settings = admin::embedded_default();
        settings.server.data_directory = folder / "data";
        settings.server.shards = shards;
        settings.listeners = {{{"127.0.0.1", 0}, false}};
        // Nobody listens there: messages stay in the queue.
        settings.providers.front().endpoints = {{"127.0.0.1", 1}};
    }
    void TearDown() override {
        server.reset();
        gateway.reset();
        logger.reset();
        std::filesystem::remove_all(folder);
    }

    void start_message_centre(app::MessageCentreOptions options = {}) {
        options.listen = *io::Endpoint::parse("127.0.0.1:0");
        auto started = app::MessageCentre::start(options);
        ASSERT_TRUE(started.has_value()) << started.error().message;
        centre = std::move(*started);
        settings.providers.front().endpoints.front().port = centre->listening().port;
    }
    void start() {
        admin::Logger::Config log;
        log.file = folder / "log";
        logger = std::move(*admin::Logger::open(log, clock));
        auto running = app::Gateway::start(settings, app::Gateway::Logs::of(*logger));
        ASSERT_TRUE(running.has_value()) << running.error().message;
        gateway = std::move(*running);
        app::AdminServer::Options options;
        options.endpoint = {"127.0.0.1", 0};
        options.version = "1.2.3";
        options.reload = reload;
        auto serving = app::AdminServer::start(*gateway, *logger, options);
        ASSERT_TRUE(serving.has_value()) << serving.error().message;
        server = std::move(*serving);
    }

    std::string url(const std::string& path) const { return "http://" + server->listening().to_string() + path; }
    HttpReply get(const std::string& path) const { return http("GET", url(path)); }
    /// Asked for again while a shard did not answer in time: on a busy machine it may not run for that long.
    HttpReply get_answer(const std::string& path) const {
        const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        for (;;) {
            HttpReply reply = get(path);
            if (reply.status != 503 || std::chrono::steady_clock::now() > limit) return reply;
        }
    }
    /// The answer must have that status and be JSON.
    Json json(const std::string& path, long status = 200) const {
        const std::string whole = "/api/v1/" + path;
        return parsed(path, status == 503 ? get(whole) : get_answer(whole), status);
    }
    Json json(const std::string& method, const std::string& path, const std::string& body, long status = 200) const {
        return parsed(path, http(method, url("/api/v1/" + path), body), status);
    }
    static Json parsed(const std::string& path, const HttpReply& reply, long status) {
        EXPECT_EQ(reply.status, status) << path << ": " << reply.body;
        EXPECT_EQ(reply.content_type, "application/json");
        return Json::parse(reply.body, nullptr, false);
    }
    /// Asks until the answer is as it should be: gauges and binds come a little later.
    template <class Condition>
    Json json_once(const std::string& path, Condition&& condition) const {
        const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        for (;;) {
            const Json answer = json(path);
            if (condition(answer)) return answer;
            if (std::chrono::steady_clock::now() > limit) {
                ADD_FAILURE() << path << " never became as expected: " << answer.dump(2);
                return answer;
            }
            std::this_thread::sleep_for(milliseconds(20));
        }
    }
    const io::Endpoint& smpp_port() const { return gateway->listening().front(); }

    std::filesystem::path folder;
    SystemClock clock;
    admin::Settings settings;
    std::function<Result<admin::SettingsDiff>()> reload;
    std::unique_ptr<app::MessageCentre> centre;
    std::unique_ptr<admin::Logger> logger;
    std::unique_ptr<app::Gateway> gateway;
    std::unique_ptr<app::AdminServer> server;
};

}  // namespace sluice::test
