#include <gtest/gtest.h>

#include <set>

#include "scene.hpp"

// Whole gateways whose number of shards changes between two starts, with messages on every part of their way.
namespace sluice::gateway {
namespace {

constexpr std::uint32_t counts[] = {4, 2, 3, 1};

void await_binds(Scene& scene) {
    scene.run(seconds(1));  // the ends of the sessions before are known by then
    scene.bind();
    scene.until([&] { return scene.provider().bound().size() == 2; });
}

std::set<std::string> receipts_of(const Scripted& customer) {
    std::set<std::string> ids;
    for (const auto& request : customer.requests) {
        const auto pdu = request.message();
        const smpp::Receipt receipt = smpp::read_receipt(pdu);
        EXPECT_EQ(receipt.text.stat, "DELIVRD");
        EXPECT_TRUE(ids.emplace(receipt.message_id).second) << "twice";
    }
    return ids;
}

TEST(Reshard, ReceiptsFindTheirMessagesAfterEveryChange) {
    Scene scene(1);
    std::set<std::string> ids;
    std::vector<std::string> owed;
    int given = 0;
    scene.provider().script = [&](session::Session&, const Scripted::Request& request) {
        if (request.header.id != CommandId::submit_sm) return;
        owed.push_back(std::to_string(++given));
        scene.provider().answer(request, CommandStatus::ESME_ROK, owed.back());
    };
    for (const std::uint32_t shards : counts) {
        await_binds(scene);
        for (int i = 0; i < 40; ++i) ids.insert(scene.submit());
        scene.until([&] { return owed.size() == ids.size(); });
        scene.run(seconds(1));  // every answer is recorded
        scene.restart_with(shards);
    }
    await_binds(scene);
    for (std::size_t i = 0; i < owed.size(); ++i)
        scene.provider().send(CommandId::deliver_sm, Scene::receipt("id:" + owed[i] + " stat:DELIVRD err:000"), i % 2);
    scene.until([&] { return scene.customer->requests.size() >= ids.size(); });
    scene.run(seconds(5));
    EXPECT_EQ(receipts_of(*scene.customer), ids);
    EXPECT_TRUE(scene.empty());
}

TEST(Reshard, AReceiptHeldForItsAnswerIsHeldByTheNewShards) {
    for (const std::uint32_t shards : counts) {
        Scene scene(shards == 1 ? 4 : 1);
        await_binds(scene);
        scene.provider().script = [&](session::Session&, const Scripted::Request& request) {
            if (request.header.id == CommandId::submit_sm)
                scene.provider().answer(request, CommandStatus::ESME_ROK, "77");
        };
        // A receipt for what nobody has sent yet: the message with that id comes after the change.
        scene.provider().send(CommandId::deliver_sm, Scene::receipt("id:77 stat:DELIVRD err:000"));
        scene.until([&] { return !scene.provider().responses.empty(); });
        EXPECT_EQ(scene.provider().responses.front().header.status, CommandStatus::ESME_ROK);
        scene.restart_with(shards);
        await_binds(scene);
        const std::string id = scene.submit();
        scene.until([&] { return !scene.customer->requests.empty(); });
        EXPECT_EQ(receipts_of(*scene.customer), std::set<std::string>{id});
        scene.run(seconds(2));
        EXPECT_TRUE(scene.empty());
    }
}

TEST(Reshard, WhatIsScheduledStaysScheduledAndOrderStays) {
    Scene scene(1);
    scene.bind();
    scene.provider().script = [](session::Session&, const Scripted::Request&) {};
    auto later = Scene::sample();
    later.schedule_delivery_time = "000000000100000R";  // in an hour, from a journal that knows no more of it
    later.short_message = as_bytes("later");
    scene.submit(later);
    scene.part();  // nothing leaves: all wait in the queue
    std::vector<std::string> texts;
    for (int i = 0; i < 200; ++i) texts.push_back(std::to_string(i));
    for (const std::string& text : texts) {
        auto pdu = Scene::sample();
        pdu.registered_delivery = 0;
        pdu.short_message = as_bytes(text);
        scene.submit(pdu);
    }
    scene.provider().requests.clear();
    scene.restart_with(4);
    scene.restart_with(1);
    scene.heal();
    scene.provider().script = {};
    scene.until([&] { return scene.provider().requests.size() >= texts.size(); });
    scene.run(seconds(10));
    std::map<std::uint64_t, int> last;  // by link: on each, nothing overtakes
    for (const auto& request : scene.provider().requests) {
        const auto pdu = request.message();
        const std::string text(as_text(pdu.short_message));
        ASSERT_NE(text, "later");
        int& before = last.try_emplace(request.link.packed(), -1).first->second;
        EXPECT_LT(before, std::stoi(text));
        before = std::stoi(text);
    }
    scene.run(std::chrono::hours(1));
    EXPECT_EQ(as_text(scene.provider().requests.back().message().short_message), "later");
}

}  // namespace
}  // namespace sluice::gateway
