#include <gtest/gtest.h>

#include <fmt/format.h>

#include <set>

#include "scene.hpp"

// What messages cost, with 1, 2 and 4 shards.
namespace sluice::gateway {
namespace {

using MovementKind = Movement::Kind;
using routing::ChargingMode;
using routing::SettleAt;

routing::Charging prepaid(std::int64_t credits, SettleAt settle_at = SettleAt::response) {
    routing::Charging charging;
    charging.mode = ChargingMode::prepaid;
    charging.opening = Money::of(credits);
    charging.settle_at = settle_at;
    return charging;
}

class Charging : public ::testing::TestWithParam<std::uint32_t> {
protected:
    static std::function<void(routing::Account&, routing::Provider&)> with(routing::Charging charging) {
        return [charging](routing::Account& account, routing::Provider& provider) {
            account.charging = charging;
            provider.retry.temporary = {{milliseconds(300)}, false};
        };
    }
    static void ready(Scene& scene) {
        scene.bind();
        for (auto& provider : scene.provider_peers) scene.until([&] { return provider->bound().size() == 2; });
    }
    static PartyId id(Scene& scene) { return party_of(scene.account()); }
    /// What may be spent, as all shards see it.
    static Money available(Scene& scene) {
        return {scene.shard(0).core().party(id(scene)).shared->available.load()};
    }
    /// What all shards have of the account, together.
    static Balance balance(Scene& scene) {
        Balance sum;
        for (std::size_t i = 0; i < scene.shards(); ++i) {
            const Balance its = scene.shard(i).messages().charges().of(id(scene));
            sum.credited += its.credited;
            sum.reserved += its.reserved;
            sum.spent += its.spent;
        }
        return sum;
    }
    static void expect(Scene& scene, std::int64_t credited, std::int64_t reserved, std::int64_t spent) {
        const Balance its = balance(scene);
        EXPECT_EQ(to_string(its.credited), std::to_string(credited));
        EXPECT_EQ(to_string(its.reserved), std::to_string(reserved));
        EXPECT_EQ(to_string(its.spent), std::to_string(spent));
        EXPECT_EQ(to_string(available(scene)), std::to_string(credited - reserved - spent));
        EXPECT_TRUE(scene.records.wrong.empty());
    }
    static CommandStatus last_status(Scene& scene) { return scene.customer->responses.back().header.status; }
    static CommandStatus last_or_ok(Scene& scene) {
        return scene.customer->responses.empty() ? CommandStatus::ESME_ROK : last_status(scene);
    }
    static void receipt(Scene& scene, std::string_view stat) {
        scene.provider().send(CommandId::deliver_sm, Scene::receipt(fmt::format("id:1 stat:{} err:000", stat)));
    }
    static bool top_up(Scene& scene, std::int64_t credits, const std::string& reference) {
        std::optional<bool> booked;
        Shard& owner = scene.shard(owner_shard(id(scene), static_cast<std::uint32_t>(scene.shards())));
        gateway::top_up(owner.core(), id(scene), Money::of(credits), reference, [&](bool its) { booked = its; });
        scene.until([&] { return booked.has_value(); });
        return *booked;
    }
};
INSTANTIATE_TEST_SUITE_P(Shards, Charging, ::testing::Values(1u, 2u, 4u),
                         [](const auto& its) { return std::to_string(its.param); });

TEST_P(Charging, CreditsAreCountedDownToRefusal) {
    Scene scene(GetParam(), with(prepaid(3)));
    ready(scene);
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(scene.submit().empty());
    EXPECT_TRUE(scene.submit().empty());
    EXPECT_EQ(last_status(scene), CommandStatus::ESME_RSUBMITFAIL);
    EXPECT_EQ(scene.count(&Counters::refused_credit), 1u);
    scene.run(seconds(2));
    expect(scene, 3, 0, 3);
    EXPECT_EQ(scene.provider().requests.size(), 3u);
}

TEST_P(Charging, TheStatusOfARefusalIsChosen) {
    Scene scene(GetParam(), with(prepaid(0)), 1,
                [](GatewayConfig& config) { config.no_credit_status = CommandStatus::ESME_RX_R_APPN; });
    ready(scene);
    EXPECT_TRUE(scene.submit().empty());
    EXPECT_EQ(last_status(scene), CommandStatus::ESME_RX_R_APPN);
}

TEST_P(Charging, AnAccountThatIsNotChargedHasNoBalance) {
    Scene scene(GetParam());
    ready(scene);
    EXPECT_FALSE(scene.submit().empty());
    scene.run(seconds(2));
    for (std::size_t i = 0; i < scene.shards(); ++i)
        scene.shard(i).messages().charges().for_each([](PartyId, const Balance&) { ADD_FAILURE() << "a balance"; });
    EXPECT_TRUE(scene.records.all.empty());
}

TEST_P(Charging, SettledAtTheResponseAFailureIsPaidFor) {
    Scene scene(GetParam(), with(prepaid(5)));
    ready(scene);
    scene.submit();
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    scene.run(seconds(1));
    expect(scene, 5, 0, 1);
    receipt(scene, "UNDELIV");
    scene.until([&] { return !scene.customer->requests.empty(); });
    scene.run(seconds(1));
    expect(scene, 5, 0, 1);
}

TEST_P(Charging, SettledAtTheReceiptAFailureIsGivenBack) {
    Scene scene(GetParam(), with(prepaid(1, SettleAt::receipt)));
    ready(scene);
    scene.submit();
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    scene.run(seconds(1));
    expect(scene, 1, 1, 0);
    receipt(scene, "UNDELIV");
    scene.until([&] { return !scene.customer->requests.empty(); });
    scene.run(seconds(1));
    expect(scene, 1, 0, 0);
    ASSERT_EQ(scene.records.all.size(), 3u);  // the opening balance is one
    for (const auto& [name, movement] : scene.records.all)
        if (movement.kind == MovementKind::released) { EXPECT_EQ(movement.state, smpp::MessageState::undeliverable); }
    EXPECT_FALSE(scene.submit().empty());  // and can be spent again
}

TEST_P(Charging, SettledAtTheReceiptADeliveryIsPaidForOnce) {
    Scene scene(GetParam(), with(prepaid(2, SettleAt::receipt)));
    ready(scene);
    scene.submit();
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    for (int i = 0; i < 3; ++i) receipt(scene, "DELIVRD");  // a provider that repeats itself
    scene.run(seconds(2));
    expect(scene, 2, 0, 1);
}

TEST_P(Charging, ForgetfulProvidersAreNoReasonToPayNothing) {
    Scene scene(GetParam(), with(prepaid(2, SettleAt::receipt)), 1, [](GatewayConfig& config) {
        config.default_validity = seconds(5);
        config.store.receipt_grace = seconds(5);
    });
    ready(scene);
    scene.submit();
    scene.run(seconds(30));
    EXPECT_EQ(scene.count(&Counters::receipts_missing), 1u);
    expect(scene, 2, 0, 1);
}

TEST_P(Charging, APermanentErrorIsGivenBack) {
    Scene scene(GetParam(), with(prepaid(1)));
    ready(scene);
    scene.provider().script = [&](session::Session&, const Scripted::Request& request) {
        scene.provider().answer(request, CommandStatus::ESME_RINVDSTADR);
    };
    scene.submit();
    scene.until([&] { return !scene.customer->requests.empty(); });
    scene.run(seconds(1));
    expect(scene, 1, 0, 0);
}

TEST_P(Charging, WhatExpiresIsGivenBack) {
    Scene scene(GetParam(), with(prepaid(1)), 1,
                [](GatewayConfig& config) { config.default_validity = seconds(5); });
    ready(scene);
    scene.provider().script = [](session::Session&, const Scripted::Request&) {};
    scene.part();
    scene.submit();
    expect(scene, 1, 1, 0);
    scene.until([&] { return scene.count(&Counters::expired) == 1; });
    scene.run(seconds(1));
    expect(scene, 1, 0, 0);
}

TEST_P(Charging, WhatIsCancelledIsGivenBack) {
    Scene scene(GetParam(), with(prepaid(1)));
    scene.bind();  // with a provider that is never sent to: the message is for later
    smpp::SubmitSm later = Scene::sample();
    later.schedule_delivery_time = "000000010000000R";
    smpp::CancelSm cancel;
    const std::string message_id = scene.submit(later);
    ASSERT_FALSE(message_id.empty());
    cancel.message_id = message_id;
    cancel.source_addr = later.source_addr;
    const std::size_t before = scene.customer->responses.size();
    scene.customer->send(CommandId::cancel_sm, cancel);
    scene.until([&] { return scene.customer->responses.size() > before; });
    EXPECT_EQ(last_status(scene), CommandStatus::ESME_ROK);
    scene.run(seconds(1));
    expect(scene, 1, 0, 0);
}

TEST_P(Charging, PostpaidGoesBelowZeroAsFarAsItsLimit) {
    routing::Charging charging;
    charging.mode = ChargingMode::postpaid;
    charging.credit_limit = Money::of(2);
    Scene scene(GetParam(), with(charging));
    ready(scene);
    EXPECT_FALSE(scene.submit().empty());
    EXPECT_FALSE(scene.submit().empty());
    EXPECT_TRUE(scene.submit().empty());
    scene.run(seconds(1));
    expect(scene, 0, 0, 2);
}

TEST_P(Charging, PostpaidWithoutALimitIsCounted) {
    routing::Charging charging;
    charging.mode = ChargingMode::postpaid;
    charging.price = parse_money("0.035");
    Scene scene(GetParam(), with(charging));
    ready(scene);
    for (int i = 0; i < 20; ++i) EXPECT_FALSE(scene.submit().empty());
    scene.run(seconds(2));
    EXPECT_EQ(to_string(balance(scene).spent), "0.7");
    EXPECT_EQ(to_string(available(scene)), "-0.7");
}

TEST_P(Charging, ALongMessageCostsItsParts) {
    const std::string text(400, 'a');
    for (const bool split : {false, true}) {
        Scene scene(GetParam(), [split](routing::Account& account, routing::Provider& provider) {
            account.charging = prepaid(5);
            if (split) provider.text.segmentation = routing::Segmentation::udh8;
        });
        ready(scene);
        std::array<std::uint8_t, 512> octets;
        smpp::TlvWriter tlvs(octets);
        tlvs.octets(smpp::Tag::message_payload, as_bytes(text));
        smpp::SubmitSm pdu = Scene::sample();
        pdu.short_message = {};
        pdu.tlvs = tlvs.view();
        pdu.registered_delivery = 0;
        EXPECT_FALSE(scene.submit(pdu).empty());
        EXPECT_TRUE(scene.submit(pdu).empty());  // three of them for the two that are left
        scene.run(seconds(2));
        expect(scene, 5, 0, 3);
        EXPECT_EQ(scene.provider().requests.size(), split ? 3u : 1u);
        EXPECT_FALSE(scene.submit().empty());
    }
}

TEST_P(Charging, PartsThatWereNotSentAreGivenBack) {
    Scene scene(GetParam(), [](routing::Account& account, routing::Provider& provider) {
        account.charging = prepaid(3);
        provider.text.segmentation = routing::Segmentation::udh8;
        provider.binds = 1;
        provider.window = 1;
    });
    scene.bind();
    scene.until([&] { return scene.provider().bound().size() == 1; });
    int asked = 0;
    scene.provider().script = [&](session::Session&, const Scripted::Request& request) {
        const bool fine = ++asked == 1;
        scene.provider().answer(request, fine ? CommandStatus::ESME_ROK : CommandStatus::ESME_RINVDSTADR, "7");
    };
    const std::string text(400, 'a');
    std::array<std::uint8_t, 512> octets;
    smpp::TlvWriter tlvs(octets);
    tlvs.octets(smpp::Tag::message_payload, as_bytes(text));
    smpp::SubmitSm pdu = Scene::sample();
    pdu.short_message = {};
    pdu.tlvs = tlvs.view();
    scene.submit(pdu);
    scene.until([&] { return !scene.customer->requests.empty(); });
    scene.run(seconds(2));
    expect(scene, 3, 0, 1);
}

TEST_P(Charging, ManySessionsOnManyShardsSpendExactlyWhatThereIs) {
    constexpr std::size_t credits = 500, sessions = 12, tries = 50;
    Scene scene(GetParam(), with(prepaid(credits)));
    for (std::size_t i = 0; i < sessions / 2; ++i) scene.bind();
    scene.until([&] { return scene.provider().bound().size() == 2; });
    std::size_t sent = 0;
    for (std::size_t n = 0; n < tries * 2; ++n) {
        for (std::size_t s = 0; s < sessions / 2; ++s, ++sent)
            scene.customer->send(CommandId::submit_sm, Scene::sample(), s);
        scene.run(milliseconds(5));
    }
    scene.until([&] { return scene.customer->responses.size() == sent; });
    std::size_t accepted = 0;
    for (const auto& response : scene.customer->responses)
        accepted += response.header.status == CommandStatus::ESME_ROK;
    EXPECT_EQ(accepted, credits);
    scene.run(seconds(5));
    expect(scene, credits, 0, credits);
    EXPECT_EQ(available(scene), Money{});
}

TEST_P(Charging, ATopUpIsBookedOnceUnderItsReference) {
    Scene scene(GetParam(), with(prepaid(0)));
    ready(scene);
    EXPECT_TRUE(scene.submit().empty());
    EXPECT_TRUE(top_up(scene, 2, "invoice 1"));
    EXPECT_FALSE(top_up(scene, 2, "invoice 1"));
    expect(scene, 2, 0, 0);
    scene.crash();
    EXPECT_FALSE(top_up(scene, 2, "invoice 1"));
    EXPECT_TRUE(top_up(scene, -1, "invoice 2"));
    EXPECT_TRUE(top_up(scene, 5, ""));
    EXPECT_TRUE(top_up(scene, 5, ""));
    expect(scene, 11, 0, 0);
    EXPECT_EQ(scene.records.sum(id(scene), MovementKind::credited), Money::of(11));
}

TEST_P(Charging, TwoTopUpsUnderOneReferenceAtOnceAreOne) {
    Scene scene(GetParam(), with(prepaid(0)));
    Shard& owner = scene.shard(owner_shard(id(scene), static_cast<std::uint32_t>(scene.shards())));
    std::vector<bool> booked;
    for (int i = 0; i < 3; ++i)
        gateway::top_up(owner.core(), id(scene), Money::of(4), "twice", [&](bool its) { booked.push_back(its); });
    scene.until([&] { return booked.size() == 3; });
    EXPECT_EQ(std::ranges::count(booked, true), 1);
    expect(scene, 4, 0, 0);
}

TEST_P(Charging, ACrashLosesNothingAndTheOpeningBalanceCountsOnce) {
    Scene scene(GetParam(), with(prepaid(10, SettleAt::receipt)));
    ready(scene);
    for (int i = 0; i < 4; ++i) scene.submit();
    scene.run(seconds(1));
    for (int i = 0; i < 3; ++i) {
        expect(scene, 10, 4, 0);
        scene.crash();
    }
    scene.run(seconds(2));
    expect(scene, 10, 4, 0);
    EXPECT_EQ(scene.records.sum(id(scene), MovementKind::reserved), Money::of(4));
    EXPECT_EQ(scene.records.sum(id(scene), MovementKind::credited), Money::of(10));
}

TEST_P(Charging, AnotherNumberOfShardsHasTheSameBalance) {
    Scene scene(GetParam(), with(prepaid(20, SettleAt::receipt)));
    std::int64_t credited = 20;
    std::int64_t submitted = 0;
    for (const std::uint32_t shards : {4u, 2u, 3u, 1u}) {
        scene.run(seconds(1));
        ready(scene);
        for (int i = 0; i < 3; ++i, ++submitted) EXPECT_FALSE(scene.submit().empty());
        EXPECT_TRUE(top_up(scene, 1, fmt::format("for {}", shards)));
        ++credited;
        scene.run(seconds(1));
        expect(scene, credited, submitted, 0);
        scene.restart_with(shards);
        expect(scene, credited, submitted, 0);
        EXPECT_FALSE(top_up(scene, 1, fmt::format("for {}", shards)));
    }
    scene.run(seconds(2));
    EXPECT_EQ(scene.records.sum(id(scene), MovementKind::reserved), Money::of(submitted));
    EXPECT_EQ(scene.records.sum(id(scene), MovementKind::credited), Money::of(credited));
}

TEST_P(Charging, RecordsThatWereNotWrittenComeAgain) {
    Scene scene(GetParam(), with(prepaid(50)));
    ready(scene);
    scene.records.slow = true;
    for (int i = 0; i < 20; ++i) scene.submit();
    scene.run(seconds(30));  // all is over, and its journal would be long released
    EXPECT_TRUE(scene.empty() || scene.customer->requests.empty());
    scene.crash();
    scene.records.slow = false;
    scene.run(seconds(2));
    EXPECT_EQ(scene.records.sum(id(scene), MovementKind::settled), Money::of(20));
    EXPECT_EQ(scene.records.sum(id(scene), MovementKind::reserved), Money::of(20));
    expect(scene, 50, 0, 20);
}

TEST_P(Charging, RecordsThatWereWrittenDoNotComeAgainAfterAWhile) {
    Scene scene(GetParam(), with(prepaid(50)));
    ready(scene);
    for (int i = 0; i < 20; ++i) scene.submit();
    scene.run(seconds(5));
    scene.crash();
    scene.run(seconds(2));
    EXPECT_EQ(scene.records.repeated, 0u);
    EXPECT_EQ(scene.records.sum(id(scene), MovementKind::settled), Money::of(20));
}

TEST_P(Charging, RecordsThatAreStuckDoNotKeepTheJournal) {
    Scene scene(GetParam(), with(prepaid(50)));
    ready(scene);
    scene.records.slow = true;
    std::uint64_t oldest = 0;
    for (int i = 0; i < 20; ++i) {
        scene.submit();
        scene.run(seconds(10));
    }
    for (std::size_t i = 0; i < scene.shards(); ++i) {
        const auto& journal = scene.disk(i).journal();
        if (!journal.empty()) oldest = std::max(oldest, scene.shard(i).store().next_batch() - journal.begin()->first);
    }
    EXPECT_LT(oldest, 100u);
    scene.crash();
    scene.run(seconds(100));
    scene.crash();
    scene.records.slow = false;
    scene.run(seconds(2));
    EXPECT_EQ(scene.records.sum(id(scene), MovementKind::settled), Money::of(20));
    EXPECT_EQ(scene.records.sum(id(scene), MovementKind::reserved), Money::of(20));
    expect(scene, 50, 0, 20);
}

TEST_P(Charging, RecordsThatDoNotFollowStopWhatIsCharged) {
    Scene scene(GetParam(), with(prepaid(1'000'000)));
    ready(scene);
    scene.records.full = true;
    const auto send_many = [&] {
        const std::size_t before = scene.customer->responses.size();
        for (int i = 0; i < 100; ++i) scene.customer->send(CommandId::submit_sm, Scene::sample());
        scene.until([&] { return scene.customer->responses.size() == before + 100; });
    };
    for (int n = 0; n < 2000 && last_or_ok(scene) == CommandStatus::ESME_ROK; ++n) send_many();
    EXPECT_EQ(last_status(scene), CommandStatus::ESME_RMSGQFUL);
    scene.records.full = false;
    scene.run(seconds(5));
    EXPECT_FALSE(scene.submit().empty());
    scene.run(seconds(5));
    EXPECT_EQ(scene.records.sum(id(scene), MovementKind::reserved), balance(scene).spent + balance(scene).reserved);
}

}  // namespace
}  // namespace sluice::gateway
