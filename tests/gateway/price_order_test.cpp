#include <gtest/gtest.h>

#include "scene.hpp"

// Which provider gets a message when prices, margins and quality decide.
namespace sluice::gateway {
namespace {

class PriceOrder : public testing::TestWithParam<std::uint32_t> {
protected:
    /// p0 asks 30 for a part to 44, p1 10, p2 20; `change` may say more.
    static std::unique_ptr<Scene> scene_with(std::function<void(routing::Account&, routing::RouteRule&)> change = {}) {
        auto scene = std::make_unique<Scene>(GetParam(), [](routing::Account&, routing::Provider& p) {
            const std::int64_t price = p.name == "p0" ? 30 : p.name == "p1" ? 10 : 20;
            p.prices.table = *routing::PriceTable::compile({{*routing::NumberPattern::prefix("44"), Money{price}}});
        }, 3);
        std::vector<routing::Account> accounts = scene->snapshot().accounts();
        std::vector<routing::RouteRule> rules = scene->snapshot().routes().rules();
        for (routing::RouteTarget& target : rules.front().targets) target.priority = 1;
        if (change) change(accounts.front(), rules.front());
        auto snapshot = routing::Snapshot::compile(accounts, scene->snapshot().providers(), rules);
        SLUICE_CHECK(snapshot.has_value());
        scene->reload(*snapshot);
        for (std::size_t i = 0; i < 3; ++i) scene->until([&] { return scene->provider(i).bound().size() == 2; });
        scene->bind();
        return scene;
    }
    static CommandStatus submit(Scene& scene, std::string_view to = "447700900123") {
        smpp::SubmitSm pdu = Scene::sample();
        pdu.destination_addr = to;
        scene.submit(pdu);
        scene.run(seconds(3));
        return scene.customer->responses.back().header.status;
    }
    static std::vector<std::size_t> got(Scene& scene) {
        std::vector<std::size_t> all;
        for (std::size_t i = 0; i < 3; ++i) {
            const auto& requests = scene.provider(i).requests;
            all.push_back(static_cast<std::size_t>(std::ranges::count_if(requests, [](const auto& request) {
                return request.header.id == CommandId::submit_sm;
            })));
        }
        return all;
    }
    static void away(Scene& scene, std::size_t provider) {
        scene.part(provider);
        scene.until([&] { return scene.shard(scene.shards() - 1).core().health[provider] == routing::Health::down &&
                                 scene.shard(0).core().health[provider] == routing::Health::down; });
    }
    using Got = std::vector<std::size_t>;
};

INSTANTIATE_TEST_SUITE_P(Shards, PriceOrder, testing::Values(1, 2, 4));

TEST_P(PriceOrder, TheCheapestThatIsUpGetsIt) {
    const auto scene = scene_with();
    submit(*scene);
    EXPECT_EQ(got(*scene), (Got{0, 1, 0}));
    away(*scene, 1);
    submit(*scene);
    EXPECT_EQ(got(*scene), (Got{0, 1, 1}));
    away(*scene, 2);
    submit(*scene);
    EXPECT_EQ(got(*scene), (Got{1, 1, 1}));
    scene->heal(2);
    scene->until([&] { return scene->shard(0).core().health[2] == routing::Health::up; });
    scene->run(seconds(1));
    submit(*scene);
    EXPECT_EQ(got(*scene), (Got{1, 1, 2}));
    EXPECT_EQ(submit(*scene, "4915112345678"), CommandStatus::ESME_RINVDSTADR) << "nobody has a price for it";
}

TEST_P(PriceOrder, AfterATemporaryErrorTheNextByPrice) {
    const auto scene = scene_with();
    for (const std::size_t i : {1u, 2u})
        scene->provider(i).script = [&scene, i](session::Session&, const Scripted::Request& request) {
            scene->provider(i).answer(request, CommandStatus::ESME_RSYSERR);
        };
    submit(*scene);
    const Got all = got(*scene);
    EXPECT_EQ(all[0], 0u) << "the cheapest other one is asked, not the dearest";
    EXPECT_GE(all[1], 1u);
    EXPECT_GE(all[2], 1u);
}

TEST_P(PriceOrder, AMarginHoldsForTheOtherProvidersToo) {
    const auto scene = scene_with([](routing::Account& account, routing::RouteRule& rule) {
        rule.price = Money{25};
        account.charging.least_margin = Money{};
    });
    away(*scene, 1);
    away(*scene, 2);
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
    scene->run(seconds(20));
    EXPECT_EQ(got(*scene), (Got{0, 0, 0})) << "it waits rather than go where it costs more than is paid";
    scene->heal(2);
    scene->until([&] { return got(*scene)[2] == 1; });
    EXPECT_EQ(got(*scene), (Got{0, 0, 1}));
}

TEST_P(PriceOrder, WhoLosesMessagesIsDearer) {
    const auto scene = scene_with([](routing::Account&, routing::RouteRule& rule) { rule.quality_weight = 100; });
    int ids = 0;
    scene->provider(1).script = [&](session::Session&, const Scripted::Request& request) {
        if (request.header.id != CommandId::submit_sm) return;
        const std::string id = std::to_string(++ids);
        scene->provider(1).answer(request, CommandStatus::ESME_ROK, id);
        const char* const stat = ids % 5 < 2 ? "DELIVRD" : "UNDELIV";  // two of five
        scene->provider(1).send(CommandId::deliver_sm, Scene::receipt("id:" + id + " stat:" + stat + " err:000"));
    };
    for (int i = 0; i < 99; ++i) submit(*scene);
    EXPECT_EQ(got(*scene), (Got{0, 99, 0})) << "not enough is known";
    for (int i = 0; i < 10; ++i) submit(*scene);
    const Got all = got(*scene);
    EXPECT_LE(all[1], 101u);
    EXPECT_GE(all[2], 8u) << "20 for what arrives, against 10 for two fifths of it";
    EXPECT_EQ(all[0], 0u);
}

TEST_P(PriceOrder, QualityIsKnownAfterACrashAndWithOtherShards) {
    const auto scene = scene_with([](routing::Account&, routing::RouteRule& rule) { rule.quality_weight = 100; });
    int ids = 0;
    scene->provider(1).script = [&](session::Session&, const Scripted::Request& request) {
        if (request.header.id != CommandId::submit_sm) return;
        const std::string id = std::to_string(++ids);
        scene->provider(1).answer(request, CommandStatus::ESME_ROK, id);
        scene->provider(1).send(CommandId::deliver_sm, Scene::receipt("id:" + id + " stat:UNDELIV err:000"));
    };
    for (int i = 0; i < 105; ++i) submit(*scene);
    scene->run(seconds(62));
    const auto goes_to_p2 = [&](int before) {
        for (std::size_t i = 0; i < 3; ++i) scene->until([&] { return scene->provider(i).bound().size() == 2; });
        scene->until([&] { return scene->customer->bound().empty(); });
        scene->bind();
        scene->run(seconds(2));
        for (int i = 0; i < 5; ++i) submit(*scene);
        EXPECT_GE(got(*scene)[2], static_cast<std::size_t>(before) + 5);
    };
    const std::size_t of_p1 = got(*scene)[1];
    scene->crash();
    goes_to_p2(0);
    scene->restart_with(3);
    goes_to_p2(5);
    EXPECT_EQ(got(*scene)[1], of_p1);
}

}  // namespace
}  // namespace sluice::gateway
