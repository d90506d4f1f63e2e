// Mobile-originated messages: whose they are, copies, and what becomes of those that are nobody's.
#include <gtest/gtest.h>

#include "codecs/sms/charset.hpp"
#include "codecs/sms/udh.hpp"
#include "tests/gateway/scene.hpp"

namespace sluice::gateway {
namespace {

using routing::HomeRule;

HomeRule rule(std::initializer_list<std::string_view> to, std::vector<std::string> keywords,
              std::vector<routing::AccountId> owners) {
    HomeRule r;
    for (const std::string_view text : to) EXPECT_TRUE(r.to.add(text));
    r.keywords = std::move(keywords);
    for (const routing::AccountId owner : owners) r.owners.push_back({owner, 1});
    return r;
}

smpp::DeliverSm to(std::string_view number, std::string_view text) {
    smpp::DeliverSm pdu;
    pdu.source_addr = "447700900001";
    pdu.destination_addr = number;
    pdu.short_message = as_bytes(text);
    return pdu;
}

class HomeScene : public testing::TestWithParam<std::uint32_t> {
protected:
    /// The accounts are shop (0), which has 12345, and two more.
    void build(std::vector<HomeRule> homes, std::size_t max_young = 60'000) {
        scene.emplace(gateway::Setup(GetParam()), nullptr, 1, [max_young](GatewayConfig& config) {
            config.store.max_young = max_young;
            config.store.young_age = seconds(1);
        });
        reload(std::move(homes));
        scene->until([&] { return !scene->provider().bound().empty(); });
    }
    void reload(std::vector<HomeRule> homes) {
        std::vector<routing::Account> accounts = scene->snapshot().accounts();
        accounts.resize(1);
        for (const char* name : {"second", "third"}) {
            routing::Account account;
            account.system_id = name;
            account.password_hash = "secret";
            accounts.push_back(account);
        }
        auto snapshot = routing::Snapshot::compile(accounts, scene->snapshot().providers(),
                                                   scene->snapshot().routes().rules(), std::move(homes));
        ASSERT_TRUE(snapshot) << snapshot.error().message;
        scene->reload(*snapshot);
    }
    Scripted& bind(const char* name) {
        Scripted& peer = scene->add_peer();
        peer.connect(scene->address(), {CommandId::bind_receiver, name, "secret"});
        scene->until([&] { return !peer.bound().empty(); });
        return peer;
    }
    void bring(const smpp::DeliverSm& pdu) {
        const std::size_t before = scene->provider().responses.size();
        scene->provider().send(CommandId::deliver_sm, pdu);
        scene->until([&] { return scene->provider().responses.size() > before; });
        EXPECT_EQ(scene->provider().responses.back().header.status, CommandStatus::ESME_ROK);
    }
    static std::string texts(const Scripted& peer) {
        std::vector<std::string> all;
        for (const auto& request : peer.requests)
            if (request.header.id == CommandId::deliver_sm) all.emplace_back(as_text(request.message().short_message));
        std::ranges::sort(all);
        std::string joined;
        for (const std::string& text : all) joined += text + "|";
        return joined;
    }
    std::optional<Scene> scene;
};
INSTANTIATE_TEST_SUITE_P(Shards, HomeScene, testing::Values(1u, 2u));

TEST_P(HomeScene, KeywordsDecideWhateverTheTextIsWrittenIn) {
    build({rule({"12345"}, {"win", "голос"}, {1})});
    bring(to("12345", "Win!"));
    bring(to("12345", "window"));
    smpp::DeliverSm cyrillic = to("12345", {});
    const auto ucs2 = *sms::encode(sms::Charset::ucs2, "ГОЛОС 5");
    cyrillic.data_coding = 8;
    cyrillic.short_message = ucs2;
    bring(cyrillic);
    Scripted& shop = bind("shop");
    Scripted& second = bind("second");
    scene->until([&] { return shop.requests.size() == 1 && second.requests.size() == 2; });
    scene->run(seconds(3));
    EXPECT_EQ(texts(shop), "window|");
    EXPECT_EQ(second.requests.size(), 2u);
}

TEST_P(HomeScene, LaterPartsFollowTheKeywordOfTheFirst) {
    build({rule({"12345"}, {"win"}, {1})});
    for (std::uint8_t part = 1; part <= 3; ++part) {
        const auto header = sms::concatenation_header({77, 3, part, false});
        std::vector<std::uint8_t> octets(header.begin(), header.end());
        const std::string_view text = part == 1 ? "WIN and so on" : "more";
        octets.insert(octets.end(), text.begin(), text.end());
        smpp::DeliverSm pdu = to("12345", {});
        pdu.esm_class = smpp::esm_class::udhi;
        pdu.short_message = octets;
        bring(pdu);
    }
    Scripted& second = bind("second");
    scene->until([&] { return second.requests.size() == 3; });
}

TEST_P(HomeScene, SeveralOwnersGetACopyEachAfterACrashToo) {
    build({rule({"777"}, {}, {0, 1, 2})});
    for (int i = 0; i < 5; ++i) bring(to("777", "for all " + std::to_string(i)));
    scene->crash();
    for (const char* name : {"shop", "second", "third"}) {
        Scripted& peer = bind(name);
        scene->until([&] { return peer.requests.size() >= 5; });
        scene->run(seconds(2));
        EXPECT_EQ(texts(peer), "for all 0|for all 1|for all 2|for all 3|for all 4|");
    }
    scene->until([&] { return scene->empty(); });
}

TEST_P(HomeScene, WhatIsNobodysWaitsAndGoesToWhoeverGetsItLater) {
    build({}, 4);  // so that most of them have settled on disk
    for (int i = 0; i < 40; ++i) bring(to(i % 2 == 0 ? "888" : "999", std::to_string(100 + i)));
    EXPECT_EQ(scene->count(&Counters::originated_unowned), 40u);
    scene->run(seconds(10));
    const auto unowned = [&] {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < GetParam(); ++i) sum += scene->shard(i).unowned().count();
        return sum;
    };
    EXPECT_EQ(unowned(), 40u);
    std::uint64_t on_disk = 0;
    for (std::size_t i = 0; i < GetParam(); ++i)
        for (const Lane* lane : scene->shard(i).core().party(nobody).lanes) on_disk += lane->unloaded();
    EXPECT_GT(on_disk, 20u);
    scene->crash();
    scene->until([&] { return !scene->provider().bound().empty(); });
    EXPECT_EQ(unowned(), 40u);

    std::vector<Unowned::Item> items;
    std::size_t answers = 0;
    for (std::size_t i = 0; i < GetParam(); ++i)
        scene->shard(i).unowned().list(100, [&](std::vector<Unowned::Item> its) {
            items.insert(items.end(), its.begin(), its.end());
            ++answers;
        });
    scene->until([&] { return answers == GetParam(); });
    ASSERT_EQ(items.size(), 40u);
    EXPECT_EQ(items.front().source, "447700900001");

    reload({rule({"888"}, {}, {1, 2})});
    scene->until([&] { return unowned() == 20; });
    EXPECT_EQ(scene->count(&Counters::originated_claimed), 20u);
    scene->crash();  // before anybody is there to take them
    Scripted& second = bind("second");
    Scripted& third = bind("third");
    scene->until([&] { return second.requests.size() >= 20 && third.requests.size() >= 20; });
    scene->run(seconds(5));
    EXPECT_EQ(second.requests.size(), 20u);
    EXPECT_EQ(texts(second), texts(third));
    EXPECT_EQ(unowned(), 20u) << "the others are still nobody's";
}

TEST_P(HomeScene, ARestartWithOtherSettingsGivesThemOutToo) {
    build({});
    for (int i = 0; i < 10; ++i) bring(to("888", std::to_string(i)));
    scene->crash_and_change([&](auto accounts, auto providers, auto rules) {
        accounts[0].numbers.push_back(*routing::NumberPattern::exact("888"));
        return *routing::Snapshot::compile(accounts, providers, rules);
    });
    Scripted& shop = bind("shop");
    scene->until([&] { return shop.requests.size() == 10; });
    scene->until([&] { return scene->empty(); });
}

}  // namespace
}  // namespace sluice::gateway
