#include "engine/gateway/triggers.hpp"

#include <algorithm>

#include "engine/gateway/ingress.hpp"

namespace sluice::gateway {

using history::TriggerResult;
using script::Event;
using script::Verdict;

namespace {

TriggerResult result_of(const script::Subject& subject) {
    switch (subject.verdict().kind) {
        case Verdict::Kind::none: return subject.changed() ? TriggerResult::changed : TriggerResult::passed;
        case Verdict::Kind::reject: return TriggerResult::rejected;
        case Verdict::Kind::drop: return TriggerResult::dropped;
        case Verdict::Kind::keep:
        case Verdict::Kind::hold: return TriggerResult::held;
        case Verdict::Kind::fail: return TriggerResult::failed;
    }
    return TriggerResult::passed;
}

/// Beyond a look-up's own time, until it is given up whatever becomes of it.
constexpr seconds patience{2};

}  // namespace

/// The scripts of one program, loaded, and what each trigger asks of an event.
struct Machine {
    struct Compiled {
        std::uint32_t number = 0;       ///< in Triggers::names_
        std::size_t trigger = 0;        ///< in the program
        std::vector<PartyId> accounts;
        std::vector<PartyId> providers;
    };
    std::shared_ptr<const script::Program> program;
    std::unique_ptr<script::Vm> vm;
    std::array<std::vector<Compiled>, script::event_count> events;
};

std::uint32_t Triggers::number_of(const std::string& name) {
    const auto found = std::ranges::find(names_, name);
    if (found != names_.end()) return static_cast<std::uint32_t>(found - names_.begin());
    names_.push_back(name);
    stats_.emplace_back();
    return static_cast<std::uint32_t>(names_.size() - 1);
}

std::shared_ptr<Machine> Triggers::make(std::shared_ptr<const script::Program> program) {
    auto machine = std::make_shared<Machine>();
    machine->program = program;
    machine->vm = std::make_unique<script::Vm>(program->limits, *this, core_.random.next());
    for (const script::Script& script : program->scripts) {
        // They were loaded when the configuration was read: what fails now is
        // a script that depends on its random numbers.
        if (const auto loaded = machine->vm->load(script.file, script.text); !loaded) {
            core_.trigger_log('E', "trigger script: " + loaded.error().message);
            return nullptr;
        }
    }
    for (std::size_t i = 0; i < program->triggers.size(); ++i) {
        const script::Trigger& trigger = program->triggers[i];
        if (!machine->vm->handles(trigger.script, trigger.event)) continue;
        Machine::Compiled compiled;
        compiled.number = number_of(trigger.name);
        compiled.trigger = i;
        for (const std::string& name : trigger.accounts)
            if (const auto* account = core_.snapshot->find_account(name))
                compiled.accounts.push_back(party_of(*account));
        for (const std::string& name : trigger.providers)
            if (const auto* provider = core_.snapshot->find_provider(name))
                compiled.providers.push_back(party_of(*provider));
        machine->events[static_cast<std::size_t>(trigger.event)].push_back(std::move(compiled));
    }
    return machine;
}

void Triggers::adopt(std::shared_ptr<const script::Program> program) {
    if (!program || program->triggers.empty()) {
        machine_.reset();
        core_.trigger_events = 0;
        return;
    }
    if (machine_ && *machine_->program == *program) return;
    auto machine = make(std::move(program));
    if (!machine) return;  // those that run go on
    machine_ = std::move(machine);
    core_.trigger_events = 0;
    for (std::size_t i = 0; i < script::event_count; ++i)
        if (!machine_->events[i].empty()) core_.trigger_events |= script::bit(static_cast<Event>(i));
}

std::shared_ptr<const script::Program> Triggers::program() const { return machine_ ? machine_->program : nullptr; }

std::size_t Triggers::memory() const { return machine_ ? machine_->vm->memory() : 0; }

Firing& Triggers::begin(Event event) {
    if (renew_ && machine_ && machine_->vm->suspended() == 0) {
        if (auto machine = make(machine_->program)) machine_ = std::move(machine);
        renew_ = false;
    }
    if (free_.empty()) {
        free_.push_back(firings_.size());
        firings_.push_back(std::make_unique<Firing>());
        firings_.back()->place = free_.back();
    }
    Firing& firing = *firings_[free_.back()];
    free_.pop_back();
    firing.subject.begin(event);
    firing.account = firing.provider = 0;
    firing.message = 0;
    firing.outcome = {};
    firing.machine = machine_;
    firing.next = 0;
    return firing;
}

bool Triggers::matches(const Firing& firing, std::size_t index) const {
    const auto& compiled = firing.machine->events[static_cast<std::size_t>(firing.subject.event())][index];
    const script::Trigger& trigger = firing.machine->program->triggers[compiled.trigger];
    const auto among = [](const auto& all, const auto& one) { return std::ranges::find(all, one) != all.end(); };
    // An account that was found goes by the name of its source.
    const auto named = [&](PartyId party) {
        const Party* const its = core_.find_party(party);
        return its != nullptr && its->account != nullptr ? party_of(core_.snapshot->accounts()[its->account->id])
                                                         : party;
    };
    if (!trigger.accounts.empty() && !among(compiled.accounts, named(firing.account))) return false;
    if (!trigger.providers.empty() && !among(compiled.providers, firing.provider)) return false;
    return trigger.states.empty() || among(trigger.states, firing.outcome);
}

bool Triggers::fire(Firing& firing) {
    const auto event = static_cast<std::size_t>(firing.subject.event());
    Machine& machine = *firing.machine;
    for (; firing.next < machine.events[event].size(); ++firing.next) {
        if (!matches(firing, firing.next)) continue;
        const auto& compiled = machine.events[event][firing.next];
        const script::Trigger& trigger = machine.program->triggers[compiled.trigger];
        firing.subject.checkpoint();
        ++stats_[compiled.number].runs;
        core_.counters.triggers_run.add();
        auto outcome = machine.vm->call(trigger.script, firing.subject);
        if (outcome.kind == script::Outcome::Kind::suspended) {
            firing.subject.keep();
            firing.run = outcome.run;
            ++waiting_;
            look_up(firing);
            return false;
        }
        concluded(firing, std::move(outcome));
        if (firing.subject.verdict().kind != Verdict::Kind::none) break;  // it is decided
    }
    return true;
}

void Triggers::concluded(Firing& firing, script::Outcome&& outcome) {
    const auto& compiled = firing.machine->events[static_cast<std::size_t>(firing.subject.event())][firing.next];
    Stats& stats = stats_[compiled.number];
    stats.instructions += outcome.instructions;
    stats.time += outcome.time;
    stats.longest = std::max(stats.longest, outcome.time);
    TriggerResult result;
    if (outcome.kind == script::Outcome::Kind::failed) {
        ++stats.errors;
        stats.last_error = outcome.error;
        stats.last_error_at = core_.now().wall;
        failed(firing, outcome.error);
        result = TriggerResult::error;
    } else {
        result = result_of(firing.subject);
        for (script::Sending& sending : outcome.sendings) firing.sendings.push_back(std::move(sending));
    }
    firing.ran.push_back({compiled.number, history::trigger_status(result, outcome.instructions)});
}

void Triggers::failed(Firing& firing, const std::string& error) {
    core_.counters.trigger_errors.add();
    const auto& compiled = firing.machine->events[static_cast<std::size_t>(firing.subject.event())][firing.next];
    const script::Trigger& trigger = firing.machine->program->triggers[compiled.trigger];
    const MonoTime now = core_.now().mono;
    if (now >= quiet_until_) {
        quiet_until_ = now + seconds(1);
        std::string line = "trigger '" + trigger.name + "' failed: " + error;
        if (unlogged_ > 0) line += " (and " + std::to_string(unlogged_) + " more since the last such line)";
        unlogged_ = 0;
        core_.trigger_log('E', std::move(line));
    } else {
        ++unlogged_;
    }
    if (firing.machine->vm->memory() > firing.machine->program->limits.memory / 4 * 3) renew_ = true;
    firing.subject.revert();
    Verdict fallback;
    switch (trigger.on_error) {
        case script::OnError::carry_on: return;
        case script::OnError::reject:
            fallback.kind = Verdict::Kind::reject;
            fallback.status = trigger.status;
            break;
        case script::OnError::hold:
            fallback.kind = Verdict::Kind::hold;
            fallback.seconds = 30;
            break;
        case script::OnError::fail: fallback.kind = Verdict::Kind::fail; break;
    }
    firing.subject.impose(std::move(fallback));
}

void Triggers::look_up(Firing& firing) {
    const auto& compiled = firing.machine->events[static_cast<std::size_t>(firing.subject.event())][firing.next];
    ++stats_[compiled.number].look_ups;
    core_.counters.trigger_look_ups.add();
    const script::LookUp& wanted = firing.machine->vm->wanted(firing.run);
    const std::uint64_t serial = firing.serial = next_serial_++;
    const std::size_t place = firing.place;
    const auto answer = [this, place, serial](const script::LookUpResult& result) { answered(place, serial, result); };
    const auto later = [reactor = core_.reactor, answer](script::LookUpResult result) {
        reactor->post([answer, result = std::move(result)] { answer(result); });
    };
    script::LookUpResult none;
    if (core_.look_ups == nullptr || !core_.look_ups->start(wanted, later)) {
        none.error = core_.look_ups == nullptr ? "look-ups are not configured" : "too many look-ups are waiting";
        return later(std::move(none));
    }
    none.error = "no answer in time";
    firing.patience = core_.reactor->timers().arm(core_.now().mono + core_.look_ups->time_limit(wanted) + patience,
                                                  [answer, none] { answer(none); });
}

void Triggers::answered(std::size_t place, std::uint64_t serial, const script::LookUpResult& result) {
    Firing& firing = *firings_[place];
    if (firing.serial != serial) return;  // it was given up, or answered, before
    firing.serial = 0;
    core_.reactor->timers().cancel(firing.patience);
    auto outcome = firing.machine->vm->resume(firing.run, result);
    if (outcome.kind == script::Outcome::Kind::suspended) {
        firing.run = outcome.run;
        return look_up(firing);
    }
    --waiting_;
    concluded(firing, std::move(outcome));
    ++firing.next;
    if (firing.subject.verdict().kind == Verdict::Kind::none && !fire(firing)) return;
    const auto then = std::move(firing.then);
    then(firing);
}

void Triggers::end(Firing& firing, MessageId message) {
    for (const Firing::Ran& ran : firing.ran)
        if (message != 0) core_.note(message, TraceEvent::trigger, 0, ran.result, as_bytes(names_[ran.trigger]));
    firing.ran.clear();
    const auto sendings = std::move(firing.sendings);
    firing.sendings.clear();
    firing.then = nullptr;
    firing.machine.reset();
    free_.push_back(firing.place);
    for (const script::Sending& sending : sendings) {
        const smpp::CommandStatus status = ingress_.send(sending);
        if (status == smpp::CommandStatus::ESME_ROK) {
            core_.counters.trigger_sends.add();
        } else {
            core_.counters.trigger_sends_refused.add();
            core_.trigger_log('W', "a trigger's message from account '" + sending.account + "' was refused: " +
                                       std::string(smpp::name_of(status)));
        }
    }
}

void Triggers::log(char level, std::string_view script, std::string_view text) {
    core_.trigger_log(level, std::string(script) + ": " + std::string(text));
}

}  // namespace sluice::gateway
