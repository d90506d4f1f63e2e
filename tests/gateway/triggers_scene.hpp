#pragma once

#include <gtest/gtest.h>

#include "engine/gateway/compose.hpp"
#include "engine/script/program.hpp"
#include "tests/gateway/scene.hpp"

// A scene whose gateway has triggers, with 1 and 2 shards.
namespace sluice::gateway {

using script::Event;

/// Answers look-ups when the test says so.
class Answers final : public script::LookUps {
public:
    bool start(const script::LookUp& wanted, Done done) override {
        if (refuse) return false;
        asked.push_back(wanted);
        waiting.push_back(std::move(done));
        return true;
    }
    void answer(script::LookUpResult result = {}) {
        const Done done = std::move(waiting.front());
        waiting.pop_front();
        done(std::move(result));
    }
    bool refuse = false;
    std::vector<script::LookUp> asked;
    std::deque<Done> waiting;
};

struct One {
    Event event;
    std::string code;
    script::OnError on_error = script::OnError::carry_on;
    std::vector<std::string> accounts = {}, providers = {}, states = {};
};

inline std::shared_ptr<script::Program> program_of(const std::vector<One>& all) {
    auto program = std::make_shared<script::Program>();
    for (const One& one : all) {
        script::Trigger trigger;
        trigger.name = std::string("t").append(std::to_string(program->triggers.size()));
        trigger.event = one.event;
        trigger.script = program->scripts.size();
        trigger.on_error = one.on_error;
        trigger.accounts = one.accounts;
        trigger.providers = one.providers;
        trigger.states = one.states;
        program->triggers.push_back(trigger);
        std::string text = "function on_";
        text.append(script::name_of(one.event)).append("(it) ").append(one.code).append(" end");
        program->scripts.push_back({trigger.name + ".lua", std::move(text)});
        const auto good = script::check(program->scripts.back(), program->limits, one.event);
        SLUICE_CHECK(good.has_value());
    }
    return program;
}

class TriggersTest : public ::testing::TestWithParam<std::uint32_t> {
protected:
    std::unique_ptr<Scene> make(const std::vector<One>& triggers, std::size_t providers = 1) {
        gateway::Setup setup(GetParam());
        setup.look_ups = &answers;
        auto scene = std::make_unique<Scene>(
            setup, nullptr, providers, [program = program_of(triggers)](GatewayConfig& c) { c.program = program; });
        scene->bind();
        for (auto& provider : scene->provider_peers) scene->until([&] { return provider->bound().size() == 2; });
        return scene;
    }
    static CommandStatus submit(Scene& scene, smpp::SubmitSm pdu = Scene::sample()) {
        scene.submit(pdu);
        return scene.customer->responses.back().header.status;
    }
    static smpp::DeliverSm from_mobile(std::string_view text) {
        smpp::DeliverSm pdu;
        pdu.source_addr = "447700900123";
        pdu.source_addr_ton = 1;
        pdu.destination_addr = "12345";
        pdu.short_message = as_bytes(text);
        return pdu;
    }
    static std::string sent_text(Scene& scene, std::size_t i = 0, std::size_t provider = 0) {
        scene.until([&] { return scene.provider(provider).requests.size() > i; });
        return std::string(as_text(scene.provider(provider).requests[i].message().short_message));
    }
    Answers answers;
};

}  // namespace sluice::gateway
