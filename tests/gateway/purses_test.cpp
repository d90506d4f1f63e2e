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

    MoveCredits mover() {
        return [this](const std::string& source, const std::string& system_id, Money amount, accounts::Credits::Done done) {
            EXPECT_EQ(source + " " + system_id, "shop shop");
            moves.push_back(to_string(amount));
            auto answer = [this, amount, done] { done(decide(amount)); };
            if (holds) waiting.emplace_back(std::move(answer));
            else answer();
        };
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
               std::uint8_t interface_version = 0x34) {
        bank.credits = Money::of(credits);
        gateway::Setup setup(GetParam());
        setup.move_credits = bank.mover();
        scene.emplace(setup, [settle_at](routing::Account& account, routing::Provider& provider) {
            account.charging.mode = routing::ChargingMode::database;
            account.charging.settle_at = settle_at;
            account.charging.gives_back = true;
            account.peer_window = 20'000;
            provider.retry.temporary = {{milliseconds(300)}, false};
        });
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
        for (const auto& request : scene->provider().requests) all += std::string(as_text(request.message().short_message)) + " ";
        return all;
    }
    std::int64_t queued() { return scene->shard(0).core().party(party_of(scene->account())).shared->queued.load(); }
    std::size_t refunds_on_disk() const {
        std::size_t count = 0;
        for (std::size_t i = 0; i < scene->shards(); ++i)
            for (const auto& [key, value] : scene->disk(i).table(storage::Table::meta)) count += key.high == Refunds::refund_tag;
        return count;
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

TEST_P(PursesTest, AReloadThatTakesTheCreditsElsewhereRefusesWhatWaits) {
    build(10);
    bank.holds = true;
    send(3);
    scene->run(seconds(1));
    std::vector<routing::Account> accounts = scene->snapshot().accounts();
    accounts[0].charging.mode = routing::ChargingMode::none;
    scene->reload(*routing::Snapshot::compile(accounts, scene->snapshot().providers(), scene->snapshot().routes().rules()));
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
    EXPECT_EQ(refunds_on_disk(), 0u);
}

TEST_P(PursesTest, WhatIsToBeGivenBackSurvivesACrash) {
    build(50);
    scene->provider().script = [this](session::Session&, const Scripted::Request& request) {
        scene->provider().answer(request, CommandStatus::ESME_RINVDSTADR);
    };
    send(20);
    scene->until([&] { return scene->customer->responses.size() == 20; });
    bank.trouble = Outcome::away;
    scene->until([&] { return scene->count(&Counters::permanent_errors) == 20; });
    scene->run(seconds(10));
    const Money before = bank.credits;
    EXPECT_LT(before, Money::of(50));
    const std::size_t owed = refunds_on_disk();
    EXPECT_EQ(before + Money::of(static_cast<std::int64_t>(owed)), Money::of(50)) << "none is lost";
    scene->crash();
    bank.trouble.reset();
    scene->run(seconds(120));
    EXPECT_EQ(bank.credits, Money::of(50)) << "also without having found the account again";
    EXPECT_EQ(refunds_on_disk(), 0u);
}

TEST_P(PursesTest, ADifferentNumberOfShardsOwesTheSame) {
    build(9);
    scene->provider().script = [this](session::Session&, const Scripted::Request& request) {
        scene->provider().answer(request, CommandStatus::ESME_RINVDSTADR);
    };
    bank.holds = true;
    send(9);
    scene->run(seconds(1));
    bank.let_go();
    scene->until([&] { return scene->customer->responses.size() == 9; });
    bank.trouble = Outcome::away;
    scene->run(seconds(10));
    scene->restart_with(GetParam() == 1 ? 2 : 1);
    bank.trouble.reset();
    scene->run(seconds(120));
    EXPECT_EQ(bank.credits, Money::of(9));
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
