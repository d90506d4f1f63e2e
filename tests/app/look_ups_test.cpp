#include "engine/app/look_ups.hpp"

#include <future>

#include "tests/app/house.hpp"
#include "tests/http/server.hpp"
#include "tests/sql/sqlite.hpp"

// What scripts ask of the outside, answered by a real database and a real web server.
namespace sluice::app {
namespace {

using script::LookUp;
using script::LookUpResult;
using script::ValueView;
using test::House;
using test::Sender;

LookUpResult ask(LookUps& look_ups, LookUp wanted) {
    auto promise = std::make_shared<std::promise<LookUpResult>>();
    auto result = promise->get_future();
    EXPECT_TRUE(look_ups.start(wanted, [promise](LookUpResult its) { promise->set_value(std::move(its)); }));
    return result.get();
}

LookUp sql(LookUp::Kind kind, std::string text, std::vector<script::Value> parameters = {}) {
    LookUp wanted;
    wanted.kind = kind;
    wanted.database = "customers";
    wanted.text = std::move(text);
    wanted.parameters = std::move(parameters);
    return wanted;
}
LookUp query(std::string text, std::vector<script::Value> parameters = {}) {
    return sql(LookUp::Kind::sql_query, std::move(text), std::move(parameters));
}
LookUp execute(std::string text, std::vector<script::Value> parameters = {}) {
    return sql(LookUp::Kind::sql_execute, std::move(text), std::move(parameters));
}
script::Value text(std::string_view value) { return script::Value(ValueView::of(value)); }
script::Value whole(std::int64_t value) { return script::Value(ValueView::of(value)); }

class LookUpsTest : public testing::Test {
protected:
    LookUpsTest() {
        sql::DatabaseConfig config;
        config.name = "customers";
        config.connection = file.connection();
        config.connections = 1;
        config.queue = 2;
        config.timeout = seconds(60);
        databases.add({config});
    }
    sql::SqliteFile file;
    sql::Databases databases;
    LookUps look_ups{databases, {}};
};

TEST_F(LookUpsTest, ValuesComeAsTheirColumnsAreDeclared) {
    const auto made =
        ask(look_ups, execute("CREATE TABLE t (name NVARCHAR(40), n INT, f DOUBLE, price DECIMAL(10,2), gone INT)"));
    EXPECT_EQ(made.error, "");
    script::Value half;
    half.kind = ValueView::Kind::number;
    half.number = 0.5;
    const auto inserted =
        ask(look_ups, execute("INSERT INTO t VALUES (?, ?, ?, '0.10', ?)", {text("Ann"), whole(-7), half, {}}));
    EXPECT_EQ(inserted.changed, 1);
    const auto found = ask(look_ups, query("SELECT * FROM t WHERE n = ? AND f < ?", {whole(-7), half}));
    EXPECT_TRUE(found.rows.empty());
    const auto rows =
        ask(look_ups, query("SELECT name, n, f, price, gone FROM t WHERE n = ? AND f = ?", {whole(-7), half}));
    ASSERT_EQ(rows.rows.size(), 1u) << rows.error;
    EXPECT_EQ(rows.columns, (std::vector<std::string>{"name", "n", "f", "price", "gone"}));
    EXPECT_EQ(rows.rows[0][0].text, "Ann");
    EXPECT_EQ(rows.rows[0][1].kind, ValueView::Kind::integer);
    EXPECT_EQ(rows.rows[0][1].integer, -7);
    EXPECT_EQ(rows.rows[0][2].kind, ValueView::Kind::number);
    EXPECT_EQ(rows.rows[0][2].number, 0.5);
    EXPECT_EQ(rows.rows[0][3].kind, ValueView::Kind::text) << "money is exact";
    EXPECT_EQ(rows.rows[0][4].kind, ValueView::Kind::nil);
    ask(look_ups, execute("UPDATE t SET n = 'seven'"));
    EXPECT_EQ(ask(look_ups, query("SELECT n FROM t")).rows.at(0).at(0).text, "seven");
}

TEST_F(LookUpsTest, ParametersAreDataWhateverTheyHold) {
    ask(look_ups, execute("CREATE TABLE t (name TEXT)"));
    const std::string_view attack = "'; DROP TABLE t; --";
    ask(look_ups, execute("INSERT INTO t VALUES (?)", {text(attack)}));
    EXPECT_EQ(ask(look_ups, query("SELECT name FROM t WHERE name = ?", {text(attack)})).rows.at(0).at(0).text, attack);
}

TEST_F(LookUpsTest, FailuresHaveWords) {
    EXPECT_NE(ask(look_ups, query("SELECT nonsense")).error, "");
    LookUp elsewhere = query("SELECT 1");
    elsewhere.database = "nowhere";
    EXPECT_NE(ask(look_ups, elsewhere).error.find("no database 'nowhere'"), std::string::npos);
    const std::string numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ";
    EXPECT_EQ(ask(look_ups, query(numbers + "100) SELECT i FROM n")).rows.size(), script::max_rows);
    EXPECT_NE(ask(look_ups, query(numbers + "101) SELECT i FROM n")).error.find("more than 100 rows"),
              std::string::npos);
    EXPECT_NE(ask(look_ups, query("SELECT hex(zeroblob(200000))")).error.find("octets"), std::string::npos);
}

TEST_F(LookUpsTest, AFullQueueRefuses) {
    std::atomic<int> answered{0};
    const auto count = [&](LookUpResult) { ++answered; };
    ASSERT_TRUE(look_ups.start(query(sql::endless().text), count));
    ASSERT_TRUE(sql::eventually([&] { return databases.find("customers")->stats().running == 1; }));
    ASSERT_TRUE(look_ups.start(query("SELECT 1"), count));
    ASSERT_TRUE(look_ups.start(query("SELECT 2"), count));
    EXPECT_FALSE(look_ups.start(query("SELECT 3"), count));
    EXPECT_TRUE(sql::eventually([&] { return answered == 3; }));
}

TEST_F(LookUpsTest, Requests) {
    http::Server server([](const std::string& request) {
        return http::Server::answer(request.substr(request.find("\r\n\r\n") + 4), "201 Created");
    });
    LookUp wanted;
    wanted.kind = LookUp::Kind::http;
    wanted.method = "POST";
    wanted.text = server.url();
    wanted.body = "echo";
    wanted.timeout = seconds(60);
    const LookUpResult answer = ask(look_ups, wanted);
    EXPECT_EQ(answer.error, "");
    EXPECT_EQ(answer.status, 201);
    EXPECT_EQ(answer.body, "echo");
    EXPECT_EQ(look_ups.time_limit(wanted), seconds(60));
    wanted.text = "http://127.0.0.1:1/";
    EXPECT_NE(ask(look_ups, wanted).error, "");
}

/// A whole gateway with triggers.
class TriggersHouse : public House {
protected:
    void SetUp() override {
        House::SetUp();
        sql::DatabaseConfig config;
        config.name = "customers";
        config.connection = file.connection();
        config.timeout = seconds(60);
        settings.databases.push_back(config);
        sql::Database database(config);
        ASSERT_TRUE(
            sql::execute(database, {"CREATE TABLE SmppServerUsers (SystemID NVARCHAR(16) PRIMARY KEY, Credits INT)"}));
        ASSERT_TRUE(sql::execute(
            database, {"INSERT INTO SmppServerUsers VALUES (?, 100)", {std::string(admin::demo_system_id)}}));
    }
    void add(script::Event event, const std::string& code) {
        script::Trigger trigger;
        trigger.name = "t" + std::to_string(settings.program.triggers.size());
        trigger.event = event;
        trigger.script = settings.program.scripts.size();
        settings.program.scripts.push_back(
            {trigger.name + ".lua", "function on_" + std::string(script::name_of(event)) + "(it)\n" + code + "\nend"});
        settings.program.triggers.push_back(trigger);
    }
    std::string credits() {
        const auto found = sql::query(*gateway->databases().find("customers"), {"SELECT Credits FROM SmppServerUsers"});
        return found ? found->rows.at(0).at(0).value_or("NULL") : found.error().text;
    }
    sql::SqliteFile file;
};

TEST_F(TriggersHouse, AScriptAsksTheDatabaseAndTheWeb) {
    std::mutex mutex;
    std::string seen;
    http::Server web([&](const std::string& request) {
        const std::lock_guard lock(mutex);
        seen = request.substr(request.find("\r\n\r\n") + 4);
        return http::Server::answer("1");
    });
    add(script::Event::submit,
        "local rows = assert(sql.query('customers', "
        "'SELECT Credits FROM SmppServerUsers WHERE SystemID = ?', it.account))\n"
        "local answer = assert(http.post('" + web.url("/price") + "', it.destination_addr .. ' ' .. rows[1].Credits))\n"
        "assert(1 == sql.execute('customers', 'UPDATE SmppServerUsers SET Credits = ? WHERE SystemID = ?', "
        "rows[1].Credits - tonumber(answer.body), it.account))");
    start();
    Sender sender(smpp_port());
    const std::string id = sender.submit("447700900123");
    EXPECT_EQ(credits(), "99");
    {
        const std::lock_guard lock(mutex);
        EXPECT_EQ(seen, "447700900123 100");
    }
    const test::Json found = json("messages/" + id);
    const auto ran = std::ranges::find_if(found["events"], [](const test::Json& e) { return e.contains("trigger"); });
    ASSERT_NE(ran, found["events"].end()) << found.dump(2);
    EXPECT_EQ((*ran)["trigger"], "t0");
    EXPECT_EQ(json("triggers")["triggers"].at(0)["look_ups"], 3);
}

/// A customer whose bind waits for a script.
class Caller final : public ClientEvents {
public:
    explicit Caller(const io::Endpoint& gateway) {
        ClientOptions options;
        options.endpoint = gateway;
        options.bind.system_id = options.bind.password = admin::demo_system_id;
        client = std::move(*Client::open(options, *this));
    }
    template <class Condition>
    bool turn_until(Condition&& condition) {
        const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes(1);  // only ends a hang
        while (!condition()) {
            if (std::chrono::steady_clock::now() > limit) return false;
            client->turn(milliseconds(5));
        }
        return true;
    }
    const smpp::SubmitSm* next(std::uint64_t&) override { return nullptr; }
    void on_answer(std::uint64_t, smpp::CommandStatus, std::string_view) override {}
    void on_unanswered(std::uint64_t) override {}
    smpp::CommandStatus on_deliver(const smpp::DeliverSm&) override { return smpp::CommandStatus::ESME_ROK; }
    void on_down(std::string reason) override { down = std::move(reason); }
    std::string down;
    std::unique_ptr<Client> client;
};

TEST_F(TriggersHouse, WhatEachTriggerDid) {
    add(script::Event::submit, "for i = 1, 100 do end\nif it.destination_addr == '1' then\n  error('no ones')\nend");
    add(script::Event::session_closed, "");
    start();
    Sender sender(smpp_port());
    for (int i = 0; i < 3; ++i) sender.submit("447700900123");
    test::Json all = json("triggers");
    ASSERT_EQ(all["triggers"].size(), 2u) << all.dump(2);
    EXPECT_EQ(all["triggers"][0]["name"], "t0");
    EXPECT_EQ(all["triggers"][0]["event"], "submit");
    EXPECT_EQ(all["triggers"][0]["script"], "t0.lua");
    EXPECT_EQ(all["triggers"][0]["calls"], 3);
    EXPECT_EQ(all["triggers"][0]["errors"], 0);
    EXPECT_GT(all["triggers"][0]["instructions_a_call"], 0);
    EXPECT_GT(all["triggers"][0]["microseconds_a_call"], 0);
    EXPECT_GE(all["triggers"][0]["longest_microseconds"], all["triggers"][0]["microseconds_a_call"]);
    EXPECT_EQ(all["triggers"][1]["longest_microseconds"], 0) << "nobody has called it";
    EXPECT_TRUE(all["triggers"][0]["last_error"].is_null());
    EXPECT_EQ(all["triggers"][1]["calls"], 0);
    EXPECT_EQ(all["shards"].size(), shards);
    sender.submit("1");
    all = json("triggers");
    EXPECT_EQ(all["triggers"][0]["errors"], 1);
    EXPECT_EQ(all["triggers"][0]["last_error"], "t0.lua:4: no ones");
    // A reload takes other scripts, and forgets no number of those that stay.
    settings.program.scripts[0].text = "function on_submit(it) end";
    settings.program.triggers.pop_back();
    ASSERT_TRUE(gateway->reload(settings));
    sender.submit("1");
    all = json("triggers");
    ASSERT_EQ(all["triggers"].size(), 1u);
    EXPECT_EQ(all["triggers"][0]["calls"], 5);
    EXPECT_EQ(all["triggers"][0]["errors"], 1);
}

TEST_F(TriggersHouse, AReloadAndAnEndWhileScriptsWait) {
    std::atomic<bool> wait{true};
    http::Server web([&](const std::string&) {
        while (wait) std::this_thread::sleep_for(milliseconds(1));
        return http::Server::answer("");
    });
    add(script::Event::bind, "local a = http.get('" + web.url() + "', {timeout = 60}) "
                             "if not a or a.status ~= 200 then it:reject('ESME_RBINDFAIL') end");
    start();
    Caller first(smpp_port());
    EXPECT_TRUE(first.turn_until([&] { return web.requests == 1; }));
    settings.program = {};
    add(script::Event::bind, "it:reject('ESME_RINVSYSTYP')");
    ASSERT_TRUE(gateway->reload(settings));
    Caller second(smpp_port());
    EXPECT_TRUE(second.turn_until([&] { return !second.down.empty(); }));
    wait = false;
    EXPECT_TRUE(first.turn_until([&] { return first.client->bound() == 1; })) << first.down;

    settings.program = {};
    add(script::Event::bind, "http.get('" + web.url() + "', {timeout = 60}) sql.query('customers', 'SELECT 1')");
    ASSERT_TRUE(gateway->reload(settings));
    wait = true;
    Caller third(smpp_port());
    EXPECT_TRUE(third.turn_until([&] { return web.requests == 2; }));
    server.reset();
    gateway->stop(seconds(0));
    wait = false;
}

}  // namespace
}  // namespace sluice::app
