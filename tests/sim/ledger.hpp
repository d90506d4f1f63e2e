#pragma once

#include <xxhash.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/base/time.hpp"
#include "engine/routing/account.hpp"

namespace sluice::sim {

/// What really happened, written down by customers and providers, and what must be true of it.
struct Ledger {
    /// One arrival of a message at a provider, or of a receipt at a customer.
    struct Arrival {
        MonoTime at{};
        std::uint64_t connection = 0;
        std::uint64_t starts = 0;       ///< of the gateway, so far
        bool refused = false;           ///< answered with an error that means "again"
        bool answered = false;          ///< with ESME_ROK, within the time that the gateway waits
    };
    struct Sent {
        std::string account;
        std::string id;                 ///< as the gateway gave it; empty: never acknowledged
        bool wants_receipt = false;
        bool expires = false;           ///< has a validity so short that it may end so
        bool cancelled = false;         ///< cancel_sm was answered with ESME_ROK
        bool maybe_cancelled = false;   ///< cancel_sm had no answer
        bool replaced = false;          ///< likewise replace_sm, with ESME_ROK
        bool timed = false;             ///< scheduled for later
        int priority = 0;
        MonoTime submitted_at{};
        MonoTime decided_at{};          ///< when `cancelled` or `replaced` was known
        WallTime due_at{};              ///< when scheduled: not before
        std::uint64_t jumps = 0;        ///< of the wall clock before it was submitted
        std::vector<Arrival> copies;    ///< at providers
        std::vector<Arrival> receipts;  ///< final ones, at the customer
        bool refused_for_good = false;  ///< a provider gave a permanent error
        std::string stat;
    };
    struct Originated {
        bool acknowledged = false;
        std::map<std::string, int> delivered;  ///< by each account that is to have it
    };
    /// A message that an account was allowed: the token was taken between the two.
    struct Admitted {
        MonoTime submitted_at{}, answered_at{};
    };
    /// A message that a provider has taken: answered with ESME_ROK, or would have.
    struct Taken {
        const Sent* sent = nullptr;
        MonoTime at{}, hour_began{};
        WallTime wall{};
        std::uint64_t starts = 0;   ///< of the gateway, so far
        bool delayed = false;       ///< it may have left long ago
    };
    /// A first copy as it came in over one link.
    struct InOrder {
        std::uint64_t connection = 0;
        std::string text;
    };

    std::map<std::string, Sent> sent;              ///< by text
    std::map<std::string, std::string> text_of_id; ///< of acknowledged ones; submit_multi has one id for all
    std::map<std::string, Originated> originated;  ///< by text
    std::map<std::string, std::vector<Admitted>> admitted;  ///< by account
    std::map<std::string, std::vector<MonoTime>> offered;   ///< by provider: every submit_sm that came in
    std::map<std::string, std::vector<Taken>> taken;        ///< by provider
    std::vector<InOrder> first_copies;
    std::vector<MonoTime> starts;                  ///< of the gateway
    std::vector<MonoTime> refills;                 ///< when rates begin with a full burst: starts, and other binds
    std::uint64_t jumps = 0;                       ///< of the wall clock
    MonoTime hour_began{};                         ///< by the latest of them, where caps are tried
    std::set<std::uint64_t> broken;                ///< connections that were reset, cut or partitioned
    std::set<std::uint64_t> delayed;               ///< partitioned: what comes over them may have been sent long ago
    std::vector<std::string> wrong;                ///< what must never happen, in words
    std::uint64_t operations = 0, operations_done = 0;

    /// How long the gateway waits for an answer, in this simulation.
    static constexpr seconds patience{5};

    /// A message or receipt that came before comes again: something must have happened to the first.
    bool may_come_again(const Arrival& before, const Arrival& again) const {
        return before.refused || before.starts < again.starts || broken.contains(before.connection) ||
               delayed.contains(again.connection) ||
               (!before.answered && again.at - before.at + milliseconds(100) >= patience);  // it was under way before
    }

    /// What is wrong with all of it in the end. `rates` by account, `provider_rates` by provider, with
    /// the messages that may be under way there at once.
    struct Limits {
        std::map<std::string, routing::Rate> accounts, providers;
        std::map<std::string, std::uint32_t> windows;
        bool strict_order = false;  ///< one shard, one provider: nothing may overtake
    };
    std::vector<std::string> judge(const Limits& limits) const;

    void trace(MonoTime at, std::string_view what) {
        const auto t = at.time_since_epoch().count();
        XXH3_64bits_update(state, &t, sizeof t);
        XXH3_64bits_update(state, what.data(), what.size());
        ++events;
        if (tracing)
            std::fprintf(stderr, "%.6f %.*s\n", static_cast<double>(t) / 1e9, static_cast<int>(what.size()),
                         what.data());
    }
    bool tracing = std::getenv("SLUICE_SIM_TRACE") != nullptr;  ///< tell it all, for people
    std::uint64_t hash() const { return XXH3_64bits_digest(state); }
    std::uint64_t events = 0;

    Ledger() { XXH3_64bits_reset(state); }
    ~Ledger() { XXH3_freeState(state); }
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;

private:
    void judge_messages(std::vector<std::string>& found) const;
    void judge_rates(const Limits& limits, std::vector<std::string>& found) const;
    void judge_order(std::vector<std::string>& found) const;

    XXH3_state_t* state = XXH3_createState();
};

}  // namespace sluice::sim
