// Accounts that the directory has found: charged, reached by their numbers, and told apart; and who may send as what.
#include <gtest/gtest.h>

#include "tests/gateway/scene.hpp"

namespace sluice::gateway {
namespace {

using Found = accounts::Directory::Found;

class FoundAccount : public testing::TestWithParam<std::uint32_t> {
protected:
    /// One that is found has the id of its source, which "shop" stands for here.
    static Found found(Scene& scene, const std::string& name, std::int64_t credits,
                       std::vector<std::string_view> numbers) {
        routing::Account account = scene.account();
        account.system_id = name;
        account.key = routing::stable_key(name);
        account.numbers.clear();
        for (const std::string_view number : numbers) account.numbers.push_back(*routing::NumberPattern::parse(number));
        account.charging.mode = routing::ChargingMode::prepaid;
        account.charging.opening = Money::of(credits);
        return {Found::Kind::account, std::make_shared<const routing::Account>(account), &scene.snapshot()};
    }
    static void announce(Scene& scene, const Found& found) {
        for (std::size_t i = 0; i < scene.shards(); ++i) scene.shard(i).add_account(found);
    }
    /// Its session, as of an account of the configuration: the bind finds what the directory has announced.
    static Party& party(Scene& scene, const Found& found, std::size_t shard = 0) {
        return scene.shard(shard).core().party(party_of(*found.account));
    }
    static void bring(Scene& scene, std::string_view number) {
        smpp::DeliverSm pdu;
        pdu.source_addr = "447700900001";
        pdu.destination_addr = number;
        pdu.short_message = as_bytes("Hello");
        const std::size_t before = scene.provider().responses.size();
        scene.provider().send(CommandId::deliver_sm, pdu);
        scene.until([&] { return scene.provider().responses.size() > before; });
        EXPECT_EQ(scene.provider().responses.back().header.status, CommandStatus::ESME_ROK);
    }
    /// What waits for it, on all shards.
    static std::size_t waiting(Scene& scene, PartyId id) {
        std::size_t sum = 0;
        for (std::size_t i = 0; i < scene.shards(); ++i)
            for (const Lane* lane : scene.shard(i).core().party(id).lanes) sum += lane->size();
        return sum;
    }
};
INSTANTIATE_TEST_SUITE_P(Shards, FoundAccount, testing::Values(1u, 2u));

TEST_P(FoundAccount, ItsOpeningBalanceIsBookedOnceHoweverOftenItIsFound) {
    Scene scene(GetParam());
    const auto balance = [&](const Found& its) {
        Money sum;
        for (std::size_t i = 0; i < scene.shards(); ++i)
            sum += scene.shard(i).messages().charges().of(party_of(*its.account)).credited;
        return to_string(sum);
    };
    announce(scene, found(scene, "Test1", 100, {}));
    const Found again = found(scene, "Test1", 250, {});
    announce(scene, again);
    scene.run(seconds(1));
    EXPECT_EQ(balance(again), "100");
    EXPECT_EQ(party(scene, again).shared->available.load(), Money::of(100).micros);
    scene.crash();
    announce(scene, again);
    scene.run(seconds(1));
    EXPECT_EQ(balance(again), "100") << "after a restart it is found again";
    EXPECT_EQ(party(scene, again).shared->available.load(), Money::of(100).micros);
}

TEST_P(FoundAccount, MessagesToItsNumbersWaitForIt) {
    Scene scene(GetParam());
    scene.until([&] { return !scene.provider().bound().empty(); });
    const Found one = found(scene, "Test1", 1, {"+31699887766", "4477*"}), two = found(scene, "Test2", 1, {"447700*"});
    announce(scene, one);
    announce(scene, two);
    bring(scene, "31699887766");
    bring(scene, "447612345678");
    bring(scene, "447712345678");
    bring(scene, "447700900123");
    scene.run(seconds(1));
    EXPECT_EQ(waiting(scene, party_of(*one.account)), 2u);
    EXPECT_EQ(waiting(scene, party_of(*two.account)), 1u) << "the longer prefix is its own";
    EXPECT_EQ(waiting(scene, nobody), 1u);
    bring(scene, "12345");
    scene.run(seconds(1));
    EXPECT_EQ(waiting(scene, party_of(scene.account())), 1u) << "the configuration comes first";
}

TEST_P(FoundAccount, WhatCameBeforeItWasFoundGoesToItThen) {
    Scene scene(GetParam());
    scene.until([&] { return !scene.provider().bound().empty(); });
    for (int i = 0; i < 3; ++i) bring(scene, "31699887766");
    bring(scene, "31600000000");
    scene.run(seconds(1));
    EXPECT_EQ(waiting(scene, nobody), 4u);
    const Found one = found(scene, "Test1", 1, {"+31699887766"});
    announce(scene, one);
    announce(scene, found(scene, "Test2", 1, {"+31688776655"}));
    scene.run(seconds(1));
    EXPECT_EQ(waiting(scene, party_of(*one.account)), 3u);
    EXPECT_EQ(waiting(scene, nobody), 1u);
}

TEST_P(FoundAccount, ANumberStaysWithWhoHadItFirstUntilThatLetsItGo) {
    Scene scene(GetParam());
    const Found one = found(scene, "Test1", 1, {"+31699887766"}), two = found(scene, "Test2", 1, {"+31699887766"});
    announce(scene, one);
    announce(scene, two);
    const auto owner = [&] {
        return scene.shard(0).core().found_accounts.of_number(routing::Address::normalise("+31699887766", 1));
    };
    EXPECT_EQ(owner(), party_of(*one.account));
    EXPECT_NE(scene.log.find("Test2 does not get the numbers of others: 31699887766 of Test1"), std::string::npos)
        << scene.log;
    announce(scene, found(scene, "Test1", 1, {}));
    EXPECT_EQ(owner(), 0u);
    announce(scene, found(scene, "Test2", 1, {"+31699887766"}));
    EXPECT_EQ(owner(), party_of(*two.account));
}

TEST_P(FoundAccount, OneOfAnotherSnapshotIsNotTaken) {
    Scene scene(GetParam());
    Found stale = found(scene, "Test1", 1, {"+31699887766"});
    stale.snapshot = nullptr;
    announce(scene, stale);
    EXPECT_EQ(party(scene, stale).account, nullptr);
    EXPECT_EQ(scene.shard(0).core().find_account("Test1"), nullptr);
    announce(scene, found(scene, "Test1", 1, {}));
    ASSERT_NE(scene.shard(0).core().find_account("Test1"), nullptr);
    EXPECT_EQ(scene.shard(0).core().find_account("test1"), nullptr);
}

class Senders : public testing::Test {
protected:
    static Scene scene(const std::string& otherwise) {
        return Scene(1u, [otherwise](routing::Account& account, routing::Provider&) {
            for (const char* sender : {"Bank", "4477*"})
                account.senders.push_back(*routing::SourcePattern::parse(sender));
            account.default_sender = otherwise;
        });
    }
    static smpp::SubmitSm from(std::string_view sender, std::uint8_t ton) {
        smpp::SubmitSm pdu = Scene::sample();
        pdu.source_addr = sender;
        pdu.source_addr_ton = ton;
        return pdu;
    }
    static void ready(Scene& scene) {
        scene.bind();
        scene.until([&] { return scene.provider().bound().size() == 2; });
    }
};

TEST_F(Senders, OthersAreRefusedAndNothingIsKept) {
    Scene its = scene("");
    ready(its);
    for (const auto& [sender, ton] : {std::pair("Bank", 5), {"447700900123", 1}, {"+447700900123", 0}})
        EXPECT_FALSE(its.submit(from(sender, static_cast<std::uint8_t>(ton))).empty()) << sender;
    for (const auto& [sender, ton] : {std::pair("bank", 5), {"Bankk", 5}, {"44870", 1}, {"", 0}}) {
        EXPECT_TRUE(its.submit(from(sender, static_cast<std::uint8_t>(ton))).empty()) << sender;
        EXPECT_EQ(its.customer->responses.back().header.status, CommandStatus::ESME_RINVSRCADR) << sender;
    }
    its.run(seconds(1));
    EXPECT_EQ(its.provider().requests.size(), 3u);
    EXPECT_EQ(its.count(&Counters::refused_sender), 4u);
}

TEST_F(Senders, OthersGetTheDefaultOne) {
    for (const auto& [otherwise, ton, npi] : {std::tuple("Bank", 5, 0), {"447700900000", 1, 1}}) {
        Scene its = scene(otherwise);
        ready(its);
        EXPECT_FALSE(its.submit(from("Somebody", 5)).empty());
        EXPECT_FALSE(its.submit(from("447711111111", 1)).empty());
        its.run(seconds(1));
        ASSERT_EQ(its.provider().requests.size(), 2u);
        const smpp::MessageBody changed = its.provider().requests[0].message();
        EXPECT_EQ(changed.source_addr, otherwise);
        EXPECT_EQ(changed.source_addr_ton, ton);
        EXPECT_EQ(changed.source_addr_npi, npi);
        EXPECT_EQ(its.provider().requests[1].message().source_addr, "447711111111");
    }
}

}  // namespace
}  // namespace sluice::gateway
