#pragma once

#include <xxhash.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/base/time.hpp"

namespace sluice::sim {

/// What really happened, written down by customers and providers, and what must be true of it in the end.
struct Ledger {
    struct Sent {
        std::string account;
        std::string id;          ///< as the gateway gave it; empty: never acknowledged
        bool wants_receipt = false;
        int submits = 0;         ///< 1
        int at_providers = 0;    ///< copies that providers got
        int taken = 0;           ///< copies that providers answered with ESME_ROK
        int final_receipts = 0;
        int order = 0;           ///< of the first copy at a provider
        std::string stat;
    };
    struct Originated {
        std::string owner;
        bool acknowledged = false;
        int delivered = 0;
    };

    std::map<std::string, Sent> sent;              ///< by text
    std::map<std::string, std::string> text_of_id; ///< of acknowledged ones
    std::map<std::string, Originated> originated;  ///< by text
    std::vector<std::string> wrong;                ///< what must never happen, in words
    int order = 0;

    void trace(MonoTime at, std::string_view what) {
        const auto t = at.time_since_epoch().count();
        XXH3_64bits_update(state, &t, sizeof t);
        XXH3_64bits_update(state, what.data(), what.size());
        ++events;
    }
    std::uint64_t hash() const { return XXH3_64bits_digest(state); }
    std::uint64_t events = 0;

    Ledger() { XXH3_64bits_reset(state); }
    ~Ledger() { XXH3_freeState(state); }
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;

private:
    XXH3_state_t* state = XXH3_createState();
};

}  // namespace sluice::sim
