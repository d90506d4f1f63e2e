// Messages of accounts whose credits are in a database of their own, with 1 and 2 shards.
#include <gtest/gtest.h>

#include "tests/gateway/scene.hpp"

namespace sluice::gateway {
namespace {

using Outcome = accounts::Credits::Outcome;

/// Where the credits are.
struct Bank {
    Money credits;
    std::optional<Outcome> trouble;  ///< what every statement comes to
    bool holds = false;              ///< answers when it is told to
    std::vector<std::string> moves;  ///< amounts, in the order they were asked for
    std::deque<std::function<void()>> waiting;
    std::map<std::string, Money> elsewhere;  ///< in another source, which always answers: what was given back

    MoveCredits mover() {
        return [this](const std::string& source, const std::string& system_id, Money amount,
                      accounts::Credits::Done done) {
            if (source == "elsewhere") return done(moved_elsewhere(system_id, amount));
            EXPECT_EQ(source + " " + system_id, "shop shop");
            moves.push_back(to_string(amount));
            auto answer = [this, amount, done] { done(decide(amount)); };
            if (holds) waiting.emplace_back(std::move(answer));
            else answer();
        };
    }
    Outcome moved_elsewhere(const std::string& system_id, Money amount) {
        elsewhere[system_id] -= amount;
        return Outcome::moved;
    }
    Outcome decide(Money amount) {
        if (trouble) return *trouble;
        if (amount > credits) return Outcome::too_few;
        credits -= amount;
        return Outcome::moved;
    }
    void let_go() {
        holds = false;
        for (; !waiting.empty(); waiting.pop_front()) waiting.front()();
    }
};

class PursesTest : public testing::TestWithParam<std::uint32_t> {
protected:
    void build(std::int64_t credits, routing::SettleAt settle_at = routing::SettleAt::response,
               std::uint8_t interface_version = 0x34, bool history_pdus = false) {
        bank.credits = Money::of(credits);
        gateway::Setup setup(GetParam());
        setup.move_credits = bank.mover();
        scene.emplace(setup, [settle_at](routing::Account& account, routing::Provider& provider) {
            account.charging.mode = routing::ChargingMode::database;
            account.charging.settle_at = settle_at;
            account.charging.gives_back = true;
            account.peer_window = 20'000;
            provider.retry.temporary = {{milliseconds(300)}, false};
        }, 1, [=](GatewayConfig& config) { config.history_pdus = history_pdus; });
        know();
        scene->bind(CommandId::bind_transceiver, interface_version);
        scene->customer->session().set_windows(20'000, 1000);
        scene->until([&] { return scene->provider().bound().size() == 2; });
    }
    /// As when the directory finds it.
    void know() {
        for (std::size_t i = 0; i < scene->shards(); ++i)
            scene->shard(i).core().refunds->know(party_of(scene->account()), "shop", "shop");
    }
    void send(std::size_t count, std::string_view to = "447700900123") {
        for (std::size_t i = 0; i < count; ++i) {
            smpp::SubmitSm pdu = Scene::sample();
            pdu.destination_addr = to;
            const std::string text = std::to_string(sent++);
            pdu.short_message = as_bytes(text);
            scene->customer->send(CommandId::submit_sm, pdu);
        }
    }
    /// In the order of the requests: what is refused is answered before what is to be committed.
    std::string statuses() const {
        auto responses = scene->customer->responses;
        std::ranges::sort(responses, {}, [](const auto& response) { return response.header.sequence; });
        std::string all;
        for (const auto& response : responses) {
            if (response.header.status == CommandStatus::ESME_ROK) all += 'o';
            else if (response.header.status == CommandStatus::ESME_RSUBMITFAIL) all += 'f';
            else if (response.header.status == CommandStatus::ESME_RTHROTTLED) all += 't';
            else all += '?';
        }
        return all;
    }
    std::string texts() {
        std::string all;
        for (const auto& request : scene->provider().requests)
            all += std::string(as_text(request.message().short_message)) + " ";
        return all;
    }
    std::int64_t queued() { return scene->shard(0).core().party(party_of(scene->account())).shared->queued.load(); }
    Money owed_on_disk() const {
        Money sum;
        for (std::size_t i = 0; i < scene->shards(); ++i)
            for (const auto& [key, value] : scene->disk(i).table(storage::Table::meta))
                if (key.high == Refunds::refund_tag) sum.micros += wire::read<Refunds::Row>(value).amount;
        return sum;
    }
    std::int64_t level(Gauge Counters::* gauge) {
        std::int64_t sum = 0;
        for (std::size_t i = 0; i < scene->shards(); ++i) sum += (scene->shard(i).counters().*gauge).value();
        return sum;
    }
    /// `count` messages that the provider refuses for good, while the database does not take back what they cost.
    void owe(std::size_t count) {
        build(static_cast<std::int64_t>(count));
        scene->provider().script = [this](session::Session&, const Scripted::Request& request) {
            scene->provider().answer(request, CommandStatus::ESME_RINVDSTADR);
        };
        bank.holds = true;
        send(count);
        scene->run(seconds(1));
        bank.let_go();
        scene->until([&] { return scene->customer->responses.size() == count; });
        bank.trouble = Outcome::away;
        scene->until([&] { return scene->count(&Counters::permanent_errors) == count; });
        scene->run(seconds(10));
    }
    /// The configuration has that mode for the account, and so for its source; and another source beside it.
    void reload(routing::ChargingMode mode) {
        std::vector<routing::Account> accounts = scene->snapshot().accounts();
        accounts.resize(2);
        accounts[0].charging.mode = mode;
        accounts[1] = accounts[0];
        accounts[1].system_id = "elsewhere";
        accounts[1].key = routing::stable_key("elsewhere");
        accounts[1].is_source = true;
        accounts[1].numbers.clear();
        accounts[1].charging.mode = routing::ChargingMode::database;
        scene->reload(
            *routing::Snapshot::compile(accounts, scene->snapshot().providers(), scene->snapshot().routes().rules()));
    }
    Refunds::Owed write_off(std::size_t shard) {
        std::optional<Refunds::Owed> given_up;
        scene->shard(shard).refunds().write_off(party_of(scene->account()),
                                                [&](const Refunds::Owed& it) { given_up = it; });
        scene->until([&] { return given_up.has_value(); });
        return *given_up;
    }

    Bank bank;
    std::optional<Scene> scene;
    std::size_t sent = 0;
};
INSTANTIATE_TEST_SUITE_P(Shards, PursesTest, testing::Values(1u, 2u));

TEST_P(PursesTest, ALongTextOfSmpp50IsPaidForLikeAnyOther) {
    build(2, routing::SettleAt::response, smpp::interface_version_50);
    smpp::SubmitSm pdu = Scene::sample();
    const std::string text(255, 'a');  // 254 is the most before 5.0
    pdu.short_message = as_bytes(text);
    scene->submit(pdu);
    EXPECT_EQ(statuses(), "o");
    EXPECT_EQ(bank.moves, std::vector<std::string>{"2"});
    scene->until([&] { return !scene->provider().requests.empty(); });
    EXPECT_EQ(texts(), text + " ");
}

TEST_P(PursesTest, CreditsAreCountedDownToRefusal) {
    build(3);
    for (int i = 0; i < 5; ++i) scene->submit();
    EXPECT_EQ(statuses(), "oooff");
    EXPECT_EQ(bank.credits, Money{});
    EXPECT_EQ(scene->count(&Counters::refused_credit), 2u);
    scene->run(seconds(2));
    EXPECT_EQ(scene->provider().requests.size(), 3u);
    EXPECT_TRUE(scene->records.wrong.empty());
}

TEST_P(PursesTest, NothingIsAcceptedBeforeItIsPaidFor) {
    build(100);
    bank.holds = true;
    send(6);
    scene->run(seconds(2));
    EXPECT_EQ(statuses(), "");
    EXPECT_EQ(scene->count(&Counters::accepted), 0u);
    EXPECT_EQ(queued(), 6) << "they count against max_queued";
    EXPECT_EQ(bank.moves, std::vector<std::string>{"1"}) << "one statement at a time";
    bank.let_go();
    scene->until([&] { return scene->customer->responses.size() == 6; });
    scene->run(seconds(1));
    EXPECT_EQ(statuses(), "oooooo");
    EXPECT_EQ(bank.moves, (std::vector<std::string>{"1", "5"})) << "what has gathered is paid for together";
    EXPECT_EQ(texts(), "0 1 2 3 4 5 ") << "in the order it came";
    EXPECT_EQ(bank.credits, Money::of(94));
}

TEST_P(PursesTest, WhatWaitedHasItsPdusInTheHistory) {
    build(10, routing::SettleAt::response, 0x34, true);
    bank.holds = true;
    send(2);
    scene->run(seconds(1));
    EXPECT_EQ(scene->kept(TraceEvent::pdu_in, CommandId::submit_sm), 0u);
    bank.let_go();
    scene->until([&] { return scene->customer->responses.size() == 2; });
    EXPECT_EQ(scene->kept(TraceEvent::pdu_in, CommandId::submit_sm), 2u);
    EXPECT_EQ(scene->kept(TraceEvent::pdu_out, CommandId::submit_sm_resp), 2u);
}

TEST_P(PursesTest, WhatTheCreditsCoverIsAcceptedAndTheRestRefused) {
    build(4);
    bank.holds = true;
    send(8);
    scene->run(seconds(1));
    bank.let_go();
    scene->until([&] { return scene->customer->responses.size() == 8; });
    scene->run(seconds(1));
    EXPECT_EQ(statuses(), "ooooffff");
    EXPECT_EQ(bank.credits, Money{});
    EXPECT_EQ(texts(), "0 1 2 3 ");
    scene->run(seconds(2));
    EXPECT_EQ(queued(), 4) << "their receipts are to come";
}

TEST_P(PursesTest, WhileTheDatabaseIsAwayMessagesAreThrottledAndNothingIsKept) {
    for (const Outcome trouble : {Outcome::away, Outcome::uncertain}) {
        build(10);
        bank.trouble = trouble;
        send(3);
        scene->until([&] { return scene->customer->responses.size() == 3; });
        EXPECT_EQ(statuses(), "ttt");
        EXPECT_EQ(scene->count(&Counters::refused_unpaid), 3u);
        EXPECT_EQ(scene->count(&Counters::charges_uncertain) > 0, trouble == Outcome::uncertain);
        EXPECT_EQ(queued(), 0);
        bank.trouble.reset();
        EXPECT_FALSE(scene->submit().empty());
        EXPECT_EQ(bank.credits, Money::of(9));
    }
}

TEST_P(PursesTest, MoreThanMayWaitAreRefusedAtOnce) {
    build(100'000);
    bank.holds = true;
    send(limits::unpaid_messages + 2);
    scene->until([&] { return scene->customer->responses.size() == 2; });
    scene->run(seconds(1));
    EXPECT_EQ(statuses(), "tt");
    bank.let_go();
    scene->until([&] { return scene->customer->responses.size() == limits::unpaid_messages + 2; });
    EXPECT_EQ(scene->count(&Counters::accepted), limits::unpaid_messages);
}

TEST_P(PursesTest, MoreOctetsThanMayWaitAreRefusedAtOnce) {
    build(1'000'000);
    bank.holds = true;
    constexpr std::size_t size = 60'000, fit = limits::unpaid_octets / size;
    const std::string text(size, 'a');
    std::array<std::uint8_t, size + 8> octets;
    smpp::TlvWriter tlvs(octets);
    ASSERT_TRUE(tlvs.octets(smpp::Tag::message_payload, as_bytes(text)));
    smpp::SubmitSm pdu = Scene::sample();
    pdu.short_message = {};
    pdu.tlvs = tlvs.view();
    for (std::size_t i = 0; i < fit + 5; ++i) scene->customer->send(CommandId::submit_sm, pdu);
    scene->until([&] { return scene->customer->responses.size() >= 5; });
    scene->run(seconds(1));
    EXPECT_GE(statuses().size(), 5u);
    EXPECT_LE(statuses().size(), 15u);
    EXPECT_EQ(statuses().find_first_not_of('t'), std::string::npos);
    bank.let_go();
    scene->until([&] { return scene->customer->responses.size() == fit + 5; });
    EXPECT_EQ(queued(), static_cast<std::int64_t>(scene->count(&Counters::accepted)));
}

TEST_P(PursesTest, AReloadThatTakesTheCreditsElsewhereRefusesWhatWaits) {
    build(10);
    bank.holds = true;
    send(3);
    scene->run(seconds(1));
    std::vector<routing::Account> accounts = scene->snapshot().accounts();
    accounts[0].charging.mode = routing::ChargingMode::none;
    scene->reload(
        *routing::Snapshot::compile(accounts, scene->snapshot().providers(), scene->snapshot().routes().rules()));
    bank.let_go();
    scene->until([&] { return scene->customer->responses.size() == 3; });
    EXPECT_EQ(statuses(), "off") << "the first has been paid for";
    EXPECT_FALSE(scene->submit().empty());
    EXPECT_EQ(bank.credits, Money::of(9));
}

TEST_P(PursesTest, WhatFailsIsGivenBackOnce) {
    build(5);
    scene->provider().script = [this](session::Session&, const Scripted::Request& request) {
        scene->provider().answer(request, CommandStatus::ESME_RINVDSTADR);
    };
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(scene->submit().empty());
    scene->until([&] { return scene->count(&Counters::refunds) == 3; });
    EXPECT_EQ(bank.credits, Money::of(5));
    scene->run(seconds(60));
    EXPECT_EQ(bank.credits, Money::of(5));
    EXPECT_EQ(owed_on_disk(), Money{});
}

TEST_P(PursesTest, WhatIsToBeGivenBackSurvivesACrash) {
    owe(20);
    EXPECT_EQ(owed_on_disk(), Money::of(20)) << "none is lost";
    EXPECT_EQ(level(&Counters::refunds_owed), 20);
    EXPECT_EQ(level(&Counters::refunds_stuck), 0) << "it is only away";
    scene->crash();
    EXPECT_EQ(level(&Counters::refunds_owed), 20);
    bank.trouble.reset();
    scene->run(seconds(120));
    EXPECT_EQ(bank.credits, Money::of(20)) << "also without having found the account again";
    EXPECT_EQ(owed_on_disk(), Money{});
    EXPECT_EQ(level(&Counters::refunds_owed), 0);
}

TEST_P(PursesTest, WhatNobodyGivesBackIsKeptUntilItsSourceIsThereAgain) {
    owe(5);
    reload(routing::ChargingMode::none);
    bank.trouble.reset();
    const std::size_t asked = bank.moves.size();
    scene->run(seconds(600));
    EXPECT_EQ(bank.moves.size(), asked) << "nobody is asked";
    EXPECT_EQ(level(&Counters::refunds_stuck), 5);
    scene->crash();
    scene->run(seconds(60));
    EXPECT_EQ(bank.moves.size(), asked);
    EXPECT_EQ(level(&Counters::refunds_stuck), 5);
    EXPECT_EQ(owed_on_disk(), Money::of(5));
    reload(routing::ChargingMode::database);
    scene->run(seconds(5));
    EXPECT_EQ(bank.credits, Money::of(5));
    EXPECT_EQ(level(&Counters::refunds_stuck), 0);
    EXPECT_EQ(owed_on_disk(), Money{});
}

TEST_P(PursesTest, WhatAnAccountThatIsGoneIsOwedIsKeptUntilItIsFoundAgain) {
    owe(5);
    bank.trouble = Outcome::too_few;  // no row was changed
    scene->run(seconds(60));
    const std::size_t asked = bank.moves.size();
    scene->run(seconds(600));
    EXPECT_EQ(bank.moves.size(), asked) << "that is tried once";
    EXPECT_EQ(level(&Counters::refunds_stuck), 5);
    EXPECT_NE(scene->log.find("no account shop to give"), std::string::npos);
    EXPECT_EQ(owed_on_disk(), Money::of(5));
    bank.trouble.reset();
    know();
    scene->run(seconds(5));
    EXPECT_EQ(bank.credits, Money::of(5));
    EXPECT_EQ(owed_on_disk(), Money{});
}

TEST_P(PursesTest, WhatIsWrittenOffIsGoneForGood) {
    owe(6);
    EXPECT_EQ(owed_on_disk(), Money::of(6));
    Money given_up;
    for (std::size_t i = 0; i < scene->shards(); ++i) given_up += write_off(i).amount;
    EXPECT_EQ(given_up, Money::of(6));
    EXPECT_EQ(owed_on_disk(), Money{}) << "at once";
    EXPECT_EQ(scene->count(&Counters::refunds_written_off), 6u);
    EXPECT_EQ(level(&Counters::refunds_owed), 0);
    EXPECT_NE(scene->log.find("were written off"), std::string::npos);
    bank.trouble.reset();
    scene->run(seconds(60));
    scene->crash();
    scene->run(seconds(60));
    EXPECT_EQ(bank.credits, Money{});
    EXPECT_EQ(write_off(0).messages, 0u);
}

TEST_P(PursesTest, WhatTheDatabaseIsAskedToTakeCannotBeWrittenOff) {
    owe(6);
    bank.holds = true;
    bank.trouble.reset();
    scene->run(seconds(40));  // no pause is longer
    EXPECT_FALSE(bank.waiting.empty());
    for (std::size_t i = 0; i < scene->shards(); ++i) EXPECT_EQ(write_off(i).messages, 0u);
    bank.let_go();
    scene->run(seconds(1));
    EXPECT_EQ(bank.credits, Money::of(6));
    EXPECT_EQ(owed_on_disk(), Money{});
}

TEST_P(PursesTest, ASourceThatIsAwayHoldsUpNoOther) {
    owe(3);
    reload(routing::ChargingMode::database);
    const PartyId other = party_of_account("other");
    Core& core = scene->shard(0).core();
    core.refunds->know(other, "elsewhere", "other");
    for (int i = 0; i < 250; ++i) {
        Message m;
        m.account = other;
        m.charge = Money::of(2);
        core.refunds->add(m);
    }
    scene->run(seconds(1));
    EXPECT_EQ(bank.elsewhere["other"], Money::of(500));
    EXPECT_EQ(owed_on_disk(), Money::of(3));
    // It was found in another source meanwhile: that is who takes it.
    for (std::size_t i = 0; i < scene->shards(); ++i)
        scene->shard(i).refunds().know(party_of(scene->account()), "elsewhere", "shop");
    scene->run(seconds(60));
    EXPECT_EQ(bank.elsewhere["shop"], Money::of(3));
}

TEST(Refunds, PortionsAreWholeStepsAndComeToAll) {
    Random random(5);
    for (int round = 0; round < 2000; ++round) {
        const std::int64_t price = std::int64_t{1} << random.below(30);
        Refunds::Row row;
        const std::uint64_t messages = 1 + random.below(random.chance(0.5) ? 150 : 5000);
        for (std::uint64_t i = 0; i < messages; ++i) {
            const std::int64_t charge = price * static_cast<std::int64_t>(1 + random.below(5));
            row += Refunds::Row{charge, charge, 1};
        }
        Refunds::Owed owed{{row.amount}, {row.step}, row.messages, Refunds::State::due};
        EXPECT_EQ(owed.step.micros % price, 0);
        std::size_t portions = 0;
        while (owed.messages > 0) {
            const Money portion = Refunds::portion(owed);
            ASSERT_GT(portion, Money{});
            ASSERT_LE(portion, owed.amount);
            ASSERT_EQ(portion.micros % owed.step.micros, 0);
            ASSERT_LE(portion.micros, 5 * price * static_cast<std::int64_t>(limits::unpaid_together));
            owed.amount -= portion;
            owed.messages -= std::min<std::uint64_t>(owed.messages, limits::unpaid_together);
            ++portions;
        }
        EXPECT_EQ(owed.amount, Money{});
        EXPECT_LE(portions, messages / limits::unpaid_together + 1);
    }
}

TEST_P(PursesTest, ADifferentNumberOfShardsOwesTheSame) {
    owe(9);
    scene->restart_with(GetParam() == 1 ? 2 : 1);
    EXPECT_EQ(owed_on_disk(), Money::of(9));
    EXPECT_EQ(level(&Counters::refunds_owed), 9);
    bank.trouble.reset();
    scene->run(seconds(120));
    EXPECT_EQ(bank.credits, Money::of(9));
    EXPECT_EQ(owed_on_disk(), Money{});
}

TEST_P(PursesTest, ASubmitMultiIsPaidForAsAWhole) {
    build(5);
    const auto multi = [&] {
        const std::size_t before = scene->customer->responses.size();
        std::array<std::uint8_t, 255> octets;
        smpp::ListWriter<smpp::Destination> to(octets);
        for (const char* number : {"447700900001", "447700900002", "447700900003"}) {
            smpp::Destination destination;
            destination.dest_flag = smpp::dest_flag_sme;
            destination.dest_addr_ton = destination.dest_addr_npi = 1;
            destination.destination_addr = number;
            to.add(destination);
        }
        smpp::SubmitMulti pdu;
        pdu.source_addr = "1000";
        pdu.dest_address = to.view();
        pdu.registered_delivery = 1;
        pdu.short_message = as_bytes("Hello");
        scene->customer->send(CommandId::submit_multi, pdu);
        scene->until([&] { return scene->customer->responses.size() > before; });
        return scene->customer->responses.back().header.status;
    };
    EXPECT_EQ(multi(), CommandStatus::ESME_ROK);
    EXPECT_EQ(bank.moves, std::vector<std::string>{"3"});
    EXPECT_EQ(multi(), CommandStatus::ESME_RSUBMITFAIL) << "two are left, and none of three is sent";
    EXPECT_EQ(bank.credits, Money::of(2));
    scene->run(seconds(1));
    EXPECT_EQ(scene->provider().requests.size(), 3u);
}

TEST_P(PursesTest, ADrainWaitsForWhatIsBeingPaidFor) {
    build(5);
    bank.holds = true;
    send(2);
    scene->run(seconds(1));
    scene->drain(seconds(5));
    scene->run(seconds(1));
    EXPECT_FALSE(scene->drained());
    bank.let_go();
    scene->until([&] { return scene->drained(); });
    EXPECT_EQ(statuses(), "oo");
}

}  // namespace
}  // namespace sluice::gateway
