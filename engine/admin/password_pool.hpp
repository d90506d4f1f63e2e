#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/time.hpp"

namespace sluice::admin {

struct VerifierConfig {
    std::size_t threads = 1;         ///< 1 to 64
    std::size_t queue = 256;         ///< jobs waiting, at least 1
    std::size_t cache_entries = 4096;///< 0: no cache
    nanoseconds cache_lifetime = std::chrono::minutes(10);
};

/// Verifies passwords on its own threads, since one takes tens of milliseconds and reactors may not wait.
///
/// Credentials that were right are remembered for a while as a keyed hash (HMAC-SHA-256 under a random key of this
/// process) of account, stored hash and password, so that a customer who binds many sessions costs one derivation. The
/// clear text is wiped as soon as its job is done. Thread-safe.
class VerifierPool {
public:
    /// Called on a thread of the pool, or inside submit when the cache knows the answer; it must not throw or block.
    using Callback = std::function<void(bool right)>;

    explicit VerifierPool(const VerifierConfig& config, const Clock& clock);
    /// Ends the threads. Jobs still waiting are dropped without their callbacks.
    ~VerifierPool();
    VerifierPool(const VerifierPool&) = delete;
    VerifierPool& operator=(const VerifierPool&) = delete;

    /// False when the queue is full: the callback will not be called, and the bind is to be refused.
    [[nodiscard]] bool submit(std::string_view account, std::string_view hash, std::string_view clear,
                              Callback callback);

    struct Stats {
        std::uint64_t verified = 0;   ///< derivations done
        std::uint64_t cache_hits = 0;
        std::uint64_t refused = 0;    ///< the queue was full
        std::size_t waiting = 0;
    };
    Stats stats() const;

private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace sluice::admin
