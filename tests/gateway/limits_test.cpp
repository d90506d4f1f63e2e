#include <gtest/gtest.h>

#include "scene.hpp"

// Bounds that hold for all shards together, and over restarts: reached, refused, and free again.
namespace sluice::gateway {
namespace {

class Limits : public testing::TestWithParam<std::uint32_t> {
protected:
    static void settle_soon(GatewayConfig& config) {
        config.store.young_age = seconds(1);
        config.store.load_rows = 4;
    }
    /// One session on each shard, or so: submits go round.
    static void ready(Scene& scene) {
        scene.until([&] { return scene.customer->bound().empty(); });  // after a crash
        for (int i = 0; i < 3; ++i) scene.bind();
        scene.until([&] { return scene.provider().bound().size() == 2; });
    }
    static smpp::SubmitSm sample(bool receipt) {
        smpp::SubmitSm pdu = Scene::sample();
        pdu.registered_delivery = receipt;
        return pdu;
    }
    static CommandStatus submit(Scene& scene, bool receipt = true) {
        const std::size_t before = scene.customer->responses.size();
        scene.customer->send(CommandId::submit_sm, sample(receipt), before % scene.customer->bound().size());
        scene.until([&] { return scene.customer->responses.size() > before; });
        return scene.customer->responses.back().header.status;
    }
    static int fill(Scene& scene, int tries, CommandStatus when_full) {
        int taken = 0;
        for (int i = 0; i < tries; ++i) {
            const CommandStatus status = submit(scene);
            if (status == CommandStatus::ESME_ROK) ++taken;
            else EXPECT_EQ(status, when_full);
        }
        return taken;
    }
    static void away(Scene& scene) {
        scene.provider().script = [](session::Session&, const Scripted::Request&) {};
    }
    static void back(Scene& scene) {
        scene.provider().script = {};
        scene.provider().cut();
    }
};

INSTANTIATE_TEST_SUITE_P(Shards, Limits, testing::Values(1, 2, 4));

TEST_P(Limits, AnAccountsQueueIsCountedExactlyOverRestarts) {
    Scene scene(GetParam(), [](routing::Account& a, routing::Provider&) { a.max_queued = 20; }, 1, settle_soon);
    ready(scene);
    away(scene);
    EXPECT_EQ(fill(scene, 25, CommandStatus::ESME_RMSGQFUL), 20);
    for (int restart = 0; restart < 3; ++restart) {
        scene.run(seconds(3));  // settled on disk, or under way
        scene.crash();
        ready(scene);
        EXPECT_EQ(submit(scene), CommandStatus::ESME_RMSGQFUL) << restart;
    }
    back(scene);
    scene.until([&] { return scene.count(&Counters::sent) >= 20; });
    EXPECT_EQ(submit(scene), CommandStatus::ESME_RMSGQFUL);  // sent, but not final
    for (int i = 1; i <= 5; ++i) {
        const std::string text = "id:" + std::to_string(i) + " stat:DELIVRD";
        scene.provider().send(CommandId::deliver_sm, Scene::receipt(text));
    }
    scene.until([&] { return scene.count(&Counters::reports_delivered) == 5; });
    EXPECT_EQ(fill(scene, 8, CommandStatus::ESME_RMSGQFUL), 5);
}

TEST_P(Limits, AllQueuesTogether) {
    Scene scene(GetParam(), {}, 1, [](GatewayConfig& config) {
        settle_soon(config);
        config.max_queued = 30;
    });
    ready(scene);
    away(scene);
    EXPECT_EQ(fill(scene, 40, CommandStatus::ESME_RMSGQFUL), 30);
    scene.run(seconds(3));
    scene.crash();
    ready(scene);
    EXPECT_EQ(submit(scene), CommandStatus::ESME_RMSGQFUL);
}

TEST_P(Limits, OutstandingReceiptsThrottleThoseWhoWantMore) {
    Scene scene(GetParam(), {}, 1, [](GatewayConfig& config) {
        settle_soon(config);
        config.max_receipts_outstanding = 10;
    });
    ready(scene);
    for (int i = 1; i <= 10; ++i) {
        EXPECT_EQ(submit(scene), CommandStatus::ESME_ROK);
        scene.until([&] { return scene.count(&Counters::sent) == static_cast<std::uint64_t>(i); });
    }
    EXPECT_EQ(submit(scene), CommandStatus::ESME_RTHROTTLED);
    EXPECT_EQ(submit(scene, false), CommandStatus::ESME_ROK);  // asks for none
    scene.run(seconds(4));
    scene.crash();
    ready(scene);
    EXPECT_EQ(submit(scene), CommandStatus::ESME_RTHROTTLED);
    EXPECT_EQ(scene.count(&Counters::refused_receipts), 1u);
    scene.provider().send(CommandId::deliver_sm, Scene::receipt("id:3 stat:DELIVRD"));
    scene.until([&] { return scene.count(&Counters::reports_delivered) == 1; });
    EXPECT_EQ(submit(scene), CommandStatus::ESME_ROK);
    for (int i = 1; i <= 10; ++i) {
        const std::string text = "id:" + std::to_string(i) + " stat:DELIVRD";
        if (i != 3) scene.provider().send(CommandId::deliver_sm, Scene::receipt(text));
    }
    scene.until([&] { return scene.count(&Counters::reports_delivered) == 10; });  // none of them was lost
}

}  // namespace
}  // namespace sluice::gateway
