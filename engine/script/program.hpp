#pragma once

#include <memory>
#include <string>
#include <vector>

#include "codecs/smpp/status.hpp"
#include "engine/base/result.hpp"
#include "engine/script/vm.hpp"

namespace sluice::script {

/// What happens when a trigger's script fails.
enum class OnError : std::uint8_t {
    carry_on,  ///< as if the script had not run
    reject,    ///< with `status`: bind, submit, originated
    hold,      ///< before_send: again with the retry schedule
    fail,      ///< before_send: undeliverable
};

/// One [[trigger]].
struct Trigger {
    std::string name;
    Event event{};
    std::size_t script = 0;              ///< in Program::scripts
    std::vector<std::string> accounts;   ///< empty: every one
    std::vector<std::string> providers;  ///< likewise
    std::vector<std::string> states;     ///< of state_change: delivered, undeliverable, expired, no_report; empty: all
    OnError on_error = OnError::carry_on;
    smpp::CommandStatus status = smpp::CommandStatus::ESME_RSYSERR;
    friend bool operator==(const Trigger&, const Trigger&) = default;
};

struct Script {
    std::string file;  ///< as messages name it
    std::string text;
    friend bool operator==(const Script&, const Script&) = default;
};

/// All triggers of a configuration, with the text of their scripts: immutable, handed to every shard.
struct Program {
    Limits limits;
    std::vector<Script> scripts;
    std::vector<Trigger> triggers;
    friend bool operator==(const Program&, const Program&) = default;
};

/// Loads a script in a VM of its own, and says what is wrong: "FILE:LINE: ...", or that it has no function for `event`.
Result<void> check(const Script& script, const Limits& limits, Event event);

}  // namespace sluice::script
