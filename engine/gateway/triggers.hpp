#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/gateway/core.hpp"
#include "engine/script/program.hpp"

namespace sluice::gateway {

class Ingress;

/// One event on its way through the triggers that it fires.
struct Firing {
    script::Subject subject;
    PartyId account = 0;
    PartyId provider = 0;
    std::string_view outcome;   ///< of a state_change: which of Trigger::states it is
    MessageId message = 0;      ///< 0: it has no id yet
    /// What is to happen when the triggers are through after all; called only if `fire` said false.
    std::function<void(Firing&)> then;

private:
    friend class Triggers;
    struct Ran {
        std::uint32_t trigger;
        std::uint32_t result;
    };
    std::shared_ptr<struct Machine> machine;
    std::size_t next = 0;       ///< of the machine's triggers for this event
    std::size_t place = 0;      ///< among all firings
    std::uint64_t serial = 0;   ///< of the look-up that is waited for
    reactor::TimerId patience;  ///< ends that wait
    script::RunId run;
    std::vector<script::Sending> sendings;
    std::vector<Ran> ran;
};

/// The scripts of one shard: runs those that an event fires, and keeps the events whose scripts wait for a look-up.
/// Nothing here is reached where no trigger is configured for an event: callers ask Core::fires first.
class Triggers final : public script::Host {
public:
    Triggers(Core& core, Ingress& ingress) : core_(core), ingress_(ingress) {}

    /// Other scripts from now on; what waits ends with those that it began with. Scripts
    /// that are as they were keep what they remember.
    void adopt(std::shared_ptr<const script::Program> program);

    /// An event, to be filled in. It is over with `end`.
    Firing& begin(script::Event event);
    /// Runs what it fires. True: all are through, and `firing.subject` says what came of it. False: it waits,
    /// and `then` is called later, which calls `end`.
    bool fire(Firing& firing);
    /// Its messages are sent, its trace is noted under `message` (0: there is none), and it is gone.
    void end(Firing& firing, MessageId message);

    std::size_t waiting() const { return waiting_; }

    struct Stats {
        std::uint64_t runs = 0, errors = 0, instructions = 0, look_ups = 0;
        nanoseconds time{}, longest{};  ///< that its calls ran, all together and one; without what they waited
        std::string last_error;      ///< "FILE:LINE: what went wrong"
        WallTime last_error_at{};
    };
    /// By name, of all triggers that there have been.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (std::size_t i = 0; i < names_.size(); ++i) visit(names_[i], stats_[i]);
    }
    std::size_t memory() const;
    /// What runs at present; null: nothing.
    std::shared_ptr<const script::Program> program() const;

    // ---- script::Host
    void log(char level, std::string_view script, std::string_view text) override;
    WallTime now() override { return core_.now().wall; }

private:
    void concluded(Firing& firing, script::Outcome&& outcome);
    void look_up(Firing& firing);
    void answered(std::size_t place, std::uint64_t serial, const script::LookUpResult& result);
    void failed(Firing& firing, const std::string& error);
    bool matches(const Firing& firing, std::size_t trigger) const;
    std::uint32_t number_of(const std::string& name);
    std::shared_ptr<Machine> make(std::shared_ptr<const script::Program> program);

    Core& core_;
    Ingress& ingress_;
    std::shared_ptr<Machine> machine_;
    std::vector<std::unique_ptr<Firing>> firings_;
    std::vector<std::size_t> free_;
    std::size_t waiting_ = 0;
    std::uint64_t next_serial_ = 1;
    std::vector<std::string> names_;  ///< never forgotten: firings have their numbers
    std::vector<Stats> stats_;
    MonoTime quiet_until_{};          ///< errors are logged once a second
    std::uint64_t unlogged_ = 0;
    bool renew_ = false;              ///< the VM's memory is full of what scripts remember
};

}  // namespace sluice::gateway
