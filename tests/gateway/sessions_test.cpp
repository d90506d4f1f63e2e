#include <gtest/gtest.h>

#include "scene.hpp"

// Who may connect and bind, and how it ends; each with 1, 2 and 4 shards.
namespace sluice::gateway {
namespace {

const session::BindRequest nothing{CommandId::generic_nack, {}, {}};
const session::BindRequest shop{CommandId::bind_transceiver, "shop", "secret"};

class Sessions : public ::testing::TestWithParam<std::uint32_t> {
protected:
    void ready(Scene& scene) {
        scene.bind();
        for (auto& provider : scene.provider_peers) scene.until([&] { return provider->bound().size() == 2; });
    }
};
INSTANTIATE_TEST_SUITE_P(Shards, Sessions, ::testing::Values(1u, 2u, 4u),
                         [](const auto& instance) { return std::to_string(instance.param); });

// ---- limits

TEST_P(Sessions, TenThousandHalfOpenConnectionsDoNotStopABoundCustomer) {
    Scene scene(GetParam());
    scene.limit({2000, 5000, 100});
    ready(scene);
    Scripted& crowd = scene.add_peer();
    for (int i = 0; i < 10'000; ++i) crowd.connect(scene.address(), nothing);
    std::size_t submitted = 0;
    while (crowd.connected + crowd.refused < 10'000) {
        EXPECT_FALSE(scene.submit().empty());
        ++submitted;
        EXPECT_LE(scene.admission().unbound(), 100u);
        scene.run(milliseconds(5));
    }
    scene.until([&] { return scene.provider().requests.size() == submitted; });
    EXPECT_EQ(scene.customer->bound().size(), 1u);
    EXPECT_GE(scene.count(&Counters::refused_max_unbound), 9'000u);
    // Who never binds is cut off in the end, and then there is room again.
    scene.until([&] { return scene.admission().unbound() == 0; });
    scene.bind();
    EXPECT_EQ(scene.customer->bound().size(), 2u);
}

TEST_P(Sessions, AnAddressHasItsShareOnly) {
    Scene scene(GetParam());
    scene.limit({100, 3, 100});
    ready(scene);
    Scripted& crowd = scene.add_peer();
    for (int i = 0; i < 20; ++i) crowd.connect(scene.address(), nothing);
    scene.until([&] { return scene.count(&Counters::refused_per_address) == 17; });
    scene.bind();  // from another address
    EXPECT_EQ(scene.customer->bound().size(), 2u);
}

TEST_P(Sessions, MaxSessionsIsOfAllShardsTogether) {
    Scene scene(GetParam());
    scene.limit({5, 100, 100});
    scene.bind();
    Scripted& crowd = scene.add_peer();
    for (int i = 0; i < 20; ++i) crowd.connect(scene.address(), nothing);
    scene.until([&] { return scene.count(&Counters::refused_max_sessions) == 16; });
    EXPECT_EQ(scene.admission().connections(), 5u);
    EXPECT_FALSE(scene.submit().empty());
}

// ---- half-open sessions (interop S6)

TEST_P(Sessions, S6ANewBindTakesThePlaceOfADeadSession) {
    Scene scene(GetParam(), [](routing::Account& account, routing::Provider&) { account.max_sessions = 3; });
    for (int i = 0; i < 3; ++i) scene.bind();
    scene.run(milliseconds(2500));  // silent for long enough, and before the usual enquire_link
    for (std::size_t i = 0; i < 3; ++i) scene.silence(scene.customer->connection(i));
    Scripted& again = scene.add_peer();
    const MonoTime began = scene.now();
    for (int i = 0; i < 3; ++i) again.connect(scene.address(), shop);
    scene.until([&] { return again.bound().size() == 3; });
    EXPECT_LT(scene.now() - began, seconds(3));
    EXPECT_EQ(scene.count(&Counters::evicted), 3u);
    EXPECT_TRUE(again.refusals.empty());
}

TEST_P(Sessions, S6LiveSessionsKeepTheirPlaces) {
    Scene scene(GetParam(), [](routing::Account& account, routing::Provider&) { account.max_sessions = 2; });
    for (int i = 0; i < 2; ++i) scene.bind();
    scene.run(milliseconds(2500));
    Scripted& another = scene.add_peer();
    another.connect(scene.address(), shop);
    scene.until([&] { return !another.refusals.empty(); });
    EXPECT_EQ(another.refusals.front(), CommandStatus::ESME_RBINDFAIL);
    EXPECT_EQ(scene.customer->bound().size(), 2u);
    EXPECT_EQ(scene.count(&Counters::evicted), 0u);
    EXPECT_FALSE(scene.submit().empty());
}

TEST_P(Sessions, S6APlaceThatIsLeftWhileABindWaitsIsTaken) {
    Scene scene(GetParam(), [](routing::Account& account, routing::Provider&) { account.max_sessions = 1; });
    scene.bind();
    Scripted& another = scene.add_peer();
    another.connect(scene.address(), shop);
    scene.run(seconds(1));
    EXPECT_TRUE(another.bound().empty());
    scene.customer->cut();
    scene.until([&] { return another.bound().size() == 1; });
    EXPECT_EQ(scene.count(&Counters::evicted), 0u);
}

TEST_P(Sessions, S6WhoGoesAwayWhileWaitingLeavesNothingBehind) {
    Scene scene(GetParam(), [](routing::Account& account, routing::Provider&) { account.max_sessions = 1; });
    scene.bind();
    {
        Scripted& another = scene.add_peer();
        another.connect(scene.address(), shop);
        scene.run(seconds(1));
    }
    scene.others.pop_back();  // its connections are reset
    scene.run(seconds(5));
    EXPECT_EQ(scene.admission().connections(), 1u);
    scene.customer->cut();
    scene.run(seconds(1));
    scene.bind();
}

// ---- outbind

class Outbind : public Sessions {
protected:
    static io::Endpoint port(const Scene& scene, std::uint16_t port) {
        io::Endpoint e = scene.address();
        e.port = port;
        return e;
    }
    static void provider_calls(routing::Account&, routing::Provider& p) {
        p.outbind.listen.host = "10.0.0.1";
        p.outbind.listen.port = 2777;
        p.outbind.system_id = "smsc";
        p.outbind.password = "let me in";
        p.outbind.allowed_addresses.push_back(*routing::Cidr::parse("10.0.0.0/8"));
    }
};
INSTANTIATE_TEST_SUITE_P(Shards, Outbind, ::testing::Values(1u, 2u, 4u),
                         [](const auto& instance) { return std::to_string(instance.param); });

TEST_P(Outbind, AProviderThatCallsIsAnsweredWithABindAndBringsReceipts) {
    Scene scene(GetParam(), provider_calls);
    ready(scene);
    scene.submit();
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    Scripted& caller = scene.add_peer();
    caller.calls_as = {"smsc", "let me in"};
    caller.connect(port(scene, 2777), {});
    scene.until([&] { return caller.bound().size() == 1; });
    EXPECT_EQ(caller.session().state(), session::State::bound_rx);
    EXPECT_EQ(scene.count(&Counters::outbinds), 1u);
    caller.send(CommandId::deliver_sm, Scene::receipt("id:1 stat:DELIVRD err:000 text:"));
    scene.until([&] { return scene.count(&Counters::reports_delivered) == 1; });
    EXPECT_TRUE(scene.empty());
    EXPECT_EQ(caller.requests.size(), 0u) << "nothing is sent on a receiver";
}

TEST_P(Outbind, TheWrongOneIsShownTheDoor) {
    Scene scene(GetParam(), provider_calls);
    ready(scene);
    for (const auto& [name, password] : {std::pair("smsc", "let me"), {"smsc", ""}, {"else", "let me in"}}) {
        Scripted& caller = scene.add_peer();
        caller.calls_as = {name, password};
        caller.connect(port(scene, 2777), {});
        scene.until([&] { return caller.closed == 1; });
        EXPECT_TRUE(caller.bound().empty());
    }
    EXPECT_EQ(scene.count(&Counters::outbinds_refused), 3u);
    EXPECT_EQ(scene.count(&Counters::outbinds), 0u);
}

TEST_P(Outbind, OnlyAllowedAddressesAndNoMoreThanTheBinds) {
    Scene scene(GetParam(), [](routing::Account& account, routing::Provider& p) {
        provider_calls(account, p);
        p.outbind.allowed_addresses = {*routing::Cidr::parse("192.0.2.0/24")};
    });
    ready(scene);
    Scripted& stranger = scene.add_peer();
    stranger.calls_as = {"smsc", "let me in"};
    stranger.connect(port(scene, 2777), {});
    scene.until([&] { return stranger.closed + stranger.refused == 1; });
    EXPECT_EQ(scene.count(&Counters::outbinds_refused), 1u);

    Scene other(GetParam(), provider_calls);  // two binds
    ready(other);
    Scripted& caller = other.add_peer();
    caller.calls_as = {"smsc", "let me in"};
    for (int i = 0; i < 5; ++i) caller.connect(port(other, 2777), {});
    other.until([&] { return caller.closed + caller.refused == 3; });
    other.until([&] { return caller.bound().size() == 2; });
    caller.cut();
    other.run(seconds(1));
    caller.connect(port(other, 2777), {});
    other.until([&] { return caller.bound().size() == 2; });
}

TEST_P(Outbind, WhoOnlyConnectsIsCutOff) {
    Scene scene(GetParam(), provider_calls);
    ready(scene);
    Scripted& silent = scene.add_peer();
    silent.connect(port(scene, 2777), nothing);
    scene.until([&] { return silent.closed == 1; });
    EXPECT_EQ(scene.count(&Counters::outbinds), 0u);
}

TEST_P(Outbind, AnAccountIsCalledWhileSomethingWaitsForIt) {
    Scene scene(GetParam(), [](routing::Account& account, routing::Provider&) {
        account.outbind.endpoint.host = "10.0.0.4";
        account.outbind.endpoint.port = 2775;
        account.outbind.system_id = "sluice";
        account.outbind.password = "it is us";
    });
    scene.bind(CommandId::bind_transmitter);
    scene.until([&] { return scene.provider().bound().size() == 2; });
    Scripted& called = scene.add_peer();
    called.binds_when_called = session::BindRequest{CommandId::bind_receiver, "shop", "secret"};
    ASSERT_EQ(called.endpoint().to_string(), "10.0.0.4:2775");
    scene.run(seconds(10));
    EXPECT_EQ(scene.count(&Counters::outbinds_sent), 0u) << "nothing waits";

    scene.submit();
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    scene.provider().send(CommandId::deliver_sm, Scene::receipt("id:1 stat:DELIVRD err:000 text:"));
    scene.until([&] { return scene.count(&Counters::outbinds_sent) >= 2; });  // nobody listens there yet
    called.listen();
    scene.until([&] { return scene.count(&Counters::reports_delivered) == 1; });
    ASSERT_EQ(called.outbinds.size(), 1u);
    EXPECT_EQ(called.outbinds.front(), std::pair(std::string("sluice"), std::string("it is us")));
    EXPECT_EQ(called.requests.size(), 1u);
    const std::uint64_t calls = scene.count(&Counters::outbinds_sent);
    scene.run(seconds(30));
    EXPECT_EQ(scene.count(&Counters::outbinds_sent), calls) << "it is bound";
    EXPECT_EQ(called.bound().size(), 1u);
}

// ---- the orderly end

TEST_P(Sessions, DrainingWaitsForWhatIsInFlightAndListensNoMore) {
    Scene scene(GetParam());
    ready(scene);
    scene.provider().script = [](session::Session&, const Scripted::Request&) {};  // answers later
    EXPECT_FALSE(scene.submit().empty());
    scene.until([&] { return scene.provider().requests.size() == 1; });

    scene.drain(seconds(60));
    Scripted& late = scene.add_peer();
    late.connect(scene.address(), shop);
    scene.until([&] { return late.refused == 1; });
    scene.run(seconds(3));
    EXPECT_EQ(scene.provider().bound().size(), 1u) << "all were unbound but the one that owes an answer";
    EXPECT_FALSE(scene.drained());

    scene.provider().answer(scene.provider().requests.front(), CommandStatus::ESME_ROK, "4711");
    scene.until([&] { return scene.drained(); });
    EXPECT_TRUE(scene.provider().bound().empty());
    EXPECT_TRUE(scene.customer->bound().empty());
    EXPECT_EQ(scene.count(&Counters::sent), 1u);
    EXPECT_EQ(scene.count(&Counters::unanswered), 0u);
}

TEST_P(Sessions, DrainingAnswersWhatItTookAndTakesNoMore) {
    Scene scene(GetParam());
    ready(scene);
    scene.customer->send(CommandId::submit_sm, Scene::sample());
    scene.until([&] { return scene.count(&Counters::submits) == 1; });
    scene.drain(seconds(60));
    scene.until([&] { return scene.drained(); });
    ASSERT_EQ(scene.customer->responses.size(), 1u) << "it was on disk, so its customer was told";
    EXPECT_EQ(scene.customer->responses.front().header.status, CommandStatus::ESME_ROK);
    EXPECT_TRUE(scene.customer->bound().empty());
}

TEST_P(Sessions, DrainingHasItsTimeAndNoMore) {
    Scene scene(GetParam());
    ready(scene);
    scene.provider().script = [](session::Session&, const Scripted::Request&) {};  // never answers
    scene.submit();
    scene.until([&] { return scene.provider().requests.size() == 1; });
    scene.drain(milliseconds(500));
    scene.run(seconds(1));
    EXPECT_TRUE(scene.drained());
    EXPECT_FALSE(scene.empty()) << "it goes out again after the restart";
}

}  // namespace
}  // namespace sluice::gateway
