#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/check.hpp"
#include "engine/base/random.hpp"
#include "engine/script/program.hpp"

namespace sluice::sim {

/// Answers what scripts ask after a while, at times with an error, and at times refuses to.
class SimLookUps final : public script::LookUps {
public:
    explicit SimLookUps(std::uint64_t seed) : random_(seed) {}

    bool start(const script::LookUp&, Done done) override {
        if (waiting_.size() >= 50 || random_.chance(0.02)) return false;
        waiting_.push_back(
            {now_ + microseconds(random_.below(random_.chance(0.1) ? 2'000'000 : 30'000)), std::move(done)});
        ++asked;
        return true;
    }
    /// What is due is answered; whether anything was.
    bool advance(MonoTime now) {
        now_ = now;
        std::vector<Waiting> due;
        std::erase_if(waiting_, [&](Waiting& one) {
            if (one.at > now) return false;
            due.push_back(std::move(one));
            return true;
        });
        for (const Waiting& one : due) {
            script::LookUpResult result;
            if (random_.chance(0.1)) result.error = "away";
            result.changed = 1;
            one.done(std::move(result));
        }
        return !due.empty();
    }
    std::optional<MonoTime> next_due() const {
        const auto next = std::ranges::min_element(waiting_, {}, &Waiting::at);
        return next != waiting_.end() ? std::optional(next->at) : std::nullopt;
    }
    /// The gateway is gone, and those who asked with it.
    void forget() { waiting_.clear(); }

    std::uint64_t asked = 0;

private:
    struct Waiting {
        MonoTime at;
        Done done;
    };
    Random random_;
    MonoTime now_{};
    std::vector<Waiting> waiting_;
};

/// Scripts that wait, change what nobody minds, fail, and use up their budget: what is true of messages is true with
/// them. `version`: one of some that differ in nothing but their text.
inline std::shared_ptr<const script::Program> sim_program(std::uint64_t version) {
    struct One {
        script::Event event;
        const char* code;
        script::OnError on_error = script::OnError::carry_on;
    };
    static constexpr One all[] = {
        {script::Event::submit,
         "it:set_tlv(0x1501, 'x') pcall(sql.execute, 'db', 'x', it.destination_addr) "
         "if math.random(40) == 1 then it.text = 'lost' error('oops') end "
         "if math.random(100) == 1 then while true do end end"},
        {script::Event::submit, "if math.random(4) == 1 then pcall(http.get, 'http://simulated/') end"},
        {script::Event::route, "it:set_candidates(it:candidates())"},
        {script::Event::before_send, "if math.random(50) == 1 then it:hold(1) end it:set_tlv(0x1502, it.id)"},
        {script::Event::provider_response, "seen = (seen or 0) + 1"},
        {script::Event::receipt,
         "if math.random(2) == 1 then sql.query('db', 'x') end "
         "if math.random(40) == 1 then it.error = '999' error('oops') end"},
        {script::Event::state_change, "sql.execute('db', 'x', it.state)"},
        {script::Event::originated,
         "local to = it.destination_addr "
         "if to == '999' or to == '666' then if math.random(3) == 1 then sql.query('db', to) end "
         "  if to == '666' then it:drop('on purpose') else it:set_owners{'beta', 'alpha'} end "
         "  if math.random(10) == 1 then error('oops') end "
         "elseif to == '555' then it:keep('for now') end",
         script::OnError::reject},
        {script::Event::originated,
         "if math.random(2) == 1 then sql.query('db', 'x') end "
         "if math.random(40) == 1 then error('oops') end"},
        {script::Event::session_closed, "sql.execute('db', 'x', it.account)"},
    };
    auto program = std::make_shared<script::Program>();
    program->limits.instructions = 10'000;
    for (const One& one : all) {
        script::Trigger trigger;
        trigger.name = "t" + std::to_string(program->triggers.size());
        trigger.event = one.event;
        trigger.script = program->scripts.size();
        trigger.on_error = one.on_error;
        trigger.status = smpp::CommandStatus::ESME_RX_T_APPN;
        program->triggers.push_back(trigger);
        program->scripts.push_back({trigger.name + ".lua", "function on_" + std::string(script::name_of(one.event)) +
                                                               "(it) " + one.code + " end -- " +
                                                               std::to_string(version)});
        SLUICE_CHECK(script::check(program->scripts.back(), program->limits, one.event).has_value());
    }
    return program;
}

}  // namespace sluice::sim
