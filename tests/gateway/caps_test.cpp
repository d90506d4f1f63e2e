#include "engine/gateway/caps.hpp"

#include <gtest/gtest.h>

#include "scene.hpp"

// What a provider may be sent in an hour and a day: the next one has the rest, or it waits.
namespace sluice::gateway {
namespace {

class Caps : public testing::TestWithParam<std::uint32_t> {
protected:
    /// With two providers the first is the first choice.
    static std::unique_ptr<Scene> scene_with(const routing::Caps& first, std::size_t providers = 1,
                                             const routing::Caps& others = {}) {
        auto scene = std::make_unique<Scene>(GetParam(), [=](routing::Account&, routing::Provider& p) {
            p.caps = p.name == "p0" ? first : others;
        }, providers, [](GatewayConfig& config) {
            config.store.young_age = seconds(1);
            config.default_validity = std::chrono::hours(72);
        });
        for (std::size_t i = 0; i < providers; ++i)
            scene->until([&] { return scene->provider(i).bound().size() == 2; });
        for (int i = 0; i < 3; ++i) scene->bind();  // on several shards, where there are some
        return scene;
    }
    static void submit(Scene& scene, int count, std::string_view text = "Hello") {
        const std::size_t before = scene.customer->responses.size();
        for (int i = 0; i < count; ++i) {
            smpp::SubmitSm pdu = Scene::sample();
            smpp::TlvWriter tlvs(octets_);
            if (text.size() <= 140) pdu.short_message = as_bytes(text);
            else SLUICE_CHECK(tlvs.octets(smpp::Tag::message_payload, as_bytes(text))), pdu.short_message = {};
            pdu.tlvs = tlvs.view();
            scene.customer->send(CommandId::submit_sm, pdu,
                                 static_cast<std::size_t>(i) % scene.customer->bound().size());
        }
        scene.until([&] { return scene.customer->responses.size() == before + static_cast<std::size_t>(count); });
        for (std::size_t i = before; i < scene.customer->responses.size(); ++i)
            EXPECT_EQ(scene.customer->responses[i].header.status, CommandStatus::ESME_ROK);
        scene.run(seconds(5));
    }
    static std::size_t got(Scene& scene, std::size_t provider = 0) { return scene.provider(provider).requests.size(); }
    static routing::CapCount::Used used(Scene& scene, std::size_t provider = 0) {
        Core& core = scene.shard(0).core();
        return core.party(party_of(scene.snapshot().providers()[provider])).shared->sent.used(core.now().wall);
    }
    static routing::Health health(Scene& scene, std::size_t provider = 0) {
        return scene.shard(scene.shards() - 1).core().health[provider];
    }
    /// Until just after the next full hour.
    static void next_hour(Scene& scene) {
        scene.run(used(scene).hour_ends - scene.shard(0).core().now().wall + seconds(3));
    }

    static inline std::array<std::uint8_t, 2000> octets_;
};

INSTANTIATE_TEST_SUITE_P(Shards, Caps, testing::Values(1, 2, 4));

TEST_P(Caps, BeyondItTheNextProviderHasTheRest) {
    const auto scene = scene_with({5, 0}, 2);
    submit(*scene, 12);
    EXPECT_EQ(got(*scene, 0), 5u);
    EXPECT_EQ(got(*scene, 1), 7u);
    EXPECT_EQ(health(*scene, 0), routing::Health::capped);
    submit(*scene, 6);
    EXPECT_EQ(got(*scene, 0), 5u);
    EXPECT_EQ(got(*scene, 1), 13u);

    next_hour(*scene);
    EXPECT_EQ(health(*scene, 0), routing::Health::up);
    submit(*scene, 3);
    EXPECT_EQ(got(*scene, 0), 8u);
    EXPECT_EQ(got(*scene, 1), 13u);
}

TEST_P(Caps, WhenAllAreAtTheirsMessagesWaitForTheHourAndOverCrashes) {
    const auto scene = scene_with({5, 12});
    submit(*scene, 20);
    EXPECT_EQ(got(*scene), 5u);
    for (int crash = 0; crash < 2; ++crash) {
        scene->crash();
        scene->until([&] { return scene->provider().bound().size() == 2; });
        scene->run(seconds(10));
        EXPECT_EQ(got(*scene), 5u) << "what was sent before the crash counts";
    }
    next_hour(*scene);
    EXPECT_EQ(got(*scene), 10u);
    next_hour(*scene);
    EXPECT_EQ(got(*scene), 12u) << "the day's is used up";
    next_hour(*scene);
    scene->crash();
    scene->run(seconds(10));
    EXPECT_EQ(got(*scene), 12u);
    scene->run(used(*scene).day_ends - scene->shard(0).core().now().wall + seconds(3));
    EXPECT_EQ(got(*scene), 17u);
    next_hour(*scene);
    EXPECT_EQ(got(*scene), 20u);
}

TEST_P(Caps, WhatWaitsGoesToTheFirstThatCanTakeIt) {
    const auto scene = scene_with({5, 0}, 2);
    scene->part(1);
    scene->until([&] { return health(*scene, 1) == routing::Health::down; });
    submit(*scene, 12);
    EXPECT_EQ(got(*scene, 0), 5u);
    EXPECT_EQ(got(*scene, 1), 0u);
    scene->heal(1);
    scene->until([&] { return got(*scene, 1) == 7; });
    EXPECT_EQ(got(*scene, 0), 5u);
}

TEST_P(Caps, WhatTheProviderRefusesDoesNotCount) {
    const auto scene = scene_with({5, 6});
    int refusals = 0;
    scene->provider().script = [&](session::Session&, const Scripted::Request& request) {
        const bool refused = ++refusals <= 6;
        const CommandStatus status = refusals % 2 == 1 ? CommandStatus::ESME_RTHROTTLED : CommandStatus::ESME_RSYSERR;
        scene->provider().answer(request, refused ? status : CommandStatus::ESME_ROK,
                                 refused ? "" : "x" + std::to_string(refusals));
    };
    submit(*scene, 8);
    scene->run(seconds(20));
    EXPECT_EQ(got(*scene), 6u + 5u) << "five are taken, whatever was refused before";
    EXPECT_EQ(used(*scene).in_hour, 5u);
    EXPECT_EQ(used(*scene).in_day, 5u);
    scene->crash();
    EXPECT_EQ(used(*scene).in_hour, 5u);
}

TEST_P(Caps, EachTryWithoutAnAnswerCounts) {
    const auto scene = scene_with({3, 0});
    scene->provider().script = [](session::Session&, const Scripted::Request&) {};
    submit(*scene, 1);
    scene->run(seconds(120));
    EXPECT_EQ(got(*scene), 3u) << "it may have taken each of them";
    next_hour(*scene);
    EXPECT_GT(got(*scene), 3u);
}

TEST_P(Caps, PartsAreCounted) {
    const auto scene = scene_with({5, 0});
    submit(*scene, 1, std::string(400, 'a'));
    EXPECT_EQ(used(*scene).in_hour, 3u);
    submit(*scene, 1, std::string(400, 'b'));
    EXPECT_EQ(got(*scene), 1u) << "there is room for two parts and not for three";
    next_hour(*scene);
    EXPECT_EQ(got(*scene), 2u);
    EXPECT_EQ(used(*scene).in_hour, 3u);
}

TEST_P(Caps, AMessageLongerThanTheCapHasTheWindowForItself) {
    const auto scene = scene_with({2, 0});
    submit(*scene, 1, std::string(400, 'a'));
    EXPECT_EQ(got(*scene), 1u);
    EXPECT_EQ(used(*scene).in_hour, 2u);
    submit(*scene, 1);
    EXPECT_EQ(got(*scene), 1u);
}

TEST_P(Caps, AnotherNumberOfShardsKeepsTheCount) {
    const auto scene = scene_with({6, 8});
    submit(*scene, 10);
    EXPECT_EQ(got(*scene), 6u);
    for (const std::uint32_t shards : {3u, 1u, 2u}) {
        scene->restart_with(shards);
        scene->until([&] { return scene->provider().bound().size() == 2; });
        scene->run(seconds(5));
        EXPECT_EQ(used(*scene).in_hour, 6u);
        EXPECT_EQ(used(*scene).in_day, 6u);
        EXPECT_EQ(got(*scene), 6u);
    }
    next_hour(*scene);
    EXPECT_EQ(got(*scene), 8u);
}

TEST_P(Caps, ALargerOneCountsAtOnce) {
    const auto scene = scene_with({5, 0});
    submit(*scene, 12);
    EXPECT_EQ(got(*scene), 5u);
    std::vector<routing::Provider> providers = scene->snapshot().providers();
    providers.front().caps = {8, 0};
    auto changed =
        routing::Snapshot::compile(scene->snapshot().accounts(), providers, scene->snapshot().routes().rules());
    ASSERT_TRUE(changed);
    const std::size_t closed = scene->provider().closed;
    scene->reload(*changed);
    scene->run(seconds(5));
    EXPECT_EQ(got(*scene), 8u);
    EXPECT_EQ(scene->provider().closed, closed) << "its links know nothing of caps";
    providers.front().caps = {};
    changed = routing::Snapshot::compile(scene->snapshot().accounts(), providers, scene->snapshot().routes().rules());
    scene->reload(*changed);
    scene->run(seconds(5));
    EXPECT_EQ(got(*scene), 12u);
}

TEST(SentCounts, RowsOfADayThatIsOverAreErased) {
    const WallTime day{std::chrono::sys_days(std::chrono::year(2026) / 3 / 4)};
    const auto row_of = [](const SentCounts& counts, PartyId provider) {
        SentCounts::Row found;
        counts.for_each([&](PartyId id, const SentCounts::Row& row) {
            if (id == provider) found = row;
        });
        return found;
    };
    SentCounts counts;
    storage::Batch batch;
    counts.add(2, routing::hour_of(day) + 20, 5);
    counts.add(2, routing::hour_of(day) + 21, 6);
    counts.add(4, routing::hour_of(day) + 47, 7);
    counts.take_back(2, routing::hour_of(day) + 20, 1);
    counts.write_changes(batch);
    ASSERT_EQ(batch.ops.size(), 2u);

    SentCounts later;
    for (const storage::TableOp& op : batch.ops)
        later.restore(op.key, ByteView(batch.values).subspan(op.offset, op.length), day + std::chrono::hours(30));
    EXPECT_EQ(row_of(later, 2).in_day, 0u);
    EXPECT_EQ(row_of(later, 4).in_hour, 7u);
    storage::Batch next;
    later.write_changes(next);
    ASSERT_EQ(next.ops.size(), 1u);
    EXPECT_EQ(next.ops.front().kind, storage::TableOp::Kind::erase);
    EXPECT_EQ(next.ops.front().key, (storage::Key{SentCounts::tag, 2}));
    EXPECT_EQ(row_of(counts, 2).in_hour, 6u) << "what is put back of an hour that is over lowers the day alone";
    EXPECT_EQ(row_of(counts, 2).in_day, 10u);
}

}  // namespace
}  // namespace sluice::gateway
