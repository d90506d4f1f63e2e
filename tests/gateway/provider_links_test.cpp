#include <gtest/gtest.h>

#include "scene.hpp"

// How a provider's links come and go, and what must hold meanwhile.
namespace sluice::gateway {
namespace {

TEST(ProviderLinks, AHostThatDoesNotAnswerIsTriedAgainAfterSessionInit) {
    Scene scene(1, [](routing::Account&, routing::Provider& p) { p.timers.session_init = seconds(2); });
    scene.part();
    scene.crash();
    scene.run(seconds(1));
    scene.heal();  // too late for the attempts that are under way: nothing ever answers those
    const MonoTime healed = scene.now();
    scene.until([&] { return scene.provider().bound().size() == 2; });
    EXPECT_LT(scene.now() - healed, seconds(4));
}

TEST(ProviderLinks, LinksThatComeAndGoDoNotRaiseTheRate) {
    constexpr std::uint32_t per_second = 10, burst = 4;
    for (const std::uint32_t shards : {1u, 2u}) {
        Scene scene(shards, [](routing::Account&, routing::Provider& p) {
            p.rate = {per_second, burst};
            p.window = 1;
        });
        scene.bind();
        scene.until([&] { return scene.provider().bound().size() == 2; });
        for (int i = 0; i < 300; ++i) scene.submit();
        const MonoTime from = scene.now();
        const std::size_t before = scene.provider().requests.size();
        while (scene.now() - from < seconds(10)) {
            scene.provider().cut();
            scene.until([&] { return scene.provider().bound().size() == 2; });
        }
        const auto time = std::chrono::duration<double>(scene.now() - from).count();
        EXPECT_GT(scene.provider().requests.size(), before);
        // Two windows of one may have been under way at the beginning.
        EXPECT_LE(static_cast<double>(scene.provider().requests.size() - before), burst + per_second * time + 2);
    }
}

}  // namespace
}  // namespace sluice::gateway
