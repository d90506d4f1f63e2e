#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <expected>
#include <memory>
#include <utility>

#include "engine/io/io.hpp"

namespace sluice::gateway {

struct ConnectionLimits {
    std::uint32_t sessions = 10'000;     ///< customers' connections, all shards together
    std::uint32_t per_address = 1000;    ///< of them from one address
    std::uint32_t unbound = 5000;        ///< of them not bound yet
};

/// The bounds on customers' connections, kept by all shards together and without locks. One is refused before anything
/// is read from it, so what nobody bound costs a connection and nothing else.
///
/// An address is an IPv4 address or an IPv6 network of 64 bits, since one machine has all addresses of such a network.
class Admission {
public:
    enum class Refusal : std::uint8_t { sessions, address, unbound };

    /// A connection's place among the others; gives it back when it is destroyed, on any thread.
    class Place {
    public:
        Place(Place&& other) noexcept
            : admission_(std::exchange(other.admission_, nullptr)), address_(other.address_), bound_(other.bound_) {}
        Place& operator=(Place&&) = delete;
        ~Place() {
            if (admission_ != nullptr) admission_->leave(address_, bound_);
        }
        /// The session is bound: it no longer counts among those that are not.
        void bound() {
            if (!std::exchange(bound_, true)) admission_->unbound_.fetch_sub(1);
        }

    private:
        friend class Admission;
        Place(Admission& admission, std::uint64_t address) : admission_(&admission), address_(address) {}
        Admission* admission_;
        std::uint64_t address_;
        bool bound_ = false;
    };

    /// `seed` is a secret: with it known, addresses could be found that share their places in the table.
    explicit Admission(std::uint64_t seed, const ConnectionLimits& limits = {});

    /// From any thread. Those that are there already stay.
    void set_limits(const ConnectionLimits& limits);
    std::expected<Place, Refusal> enter(const io::Endpoint& peer);

    std::uint32_t connections() const { return connections_.load(std::memory_order_relaxed); }
    std::uint32_t unbound() const { return unbound_.load(std::memory_order_relaxed); }

private:
    struct Free {
        void operator()(std::uint64_t* slots) const { std::free(slots); }
    };
    std::uint64_t hash(const io::Endpoint& peer) const;
    std::uint32_t count(std::uint64_t address) const;
    bool add(std::uint64_t address);
    void remove(std::uint64_t address);
    void leave(std::uint64_t address, bool bound);

    std::uint64_t seed_;
    std::atomic<std::uint32_t> max_connections_, max_per_address_, max_unbound_;
    std::atomic<std::uint32_t> connections_{0}, unbound_{0};
    /// Addresses that have connections: 40 bits of the address's hash, 24 bits of count; free when that is zero. Pages
    /// that were never touched take no memory.
    std::unique_ptr<std::uint64_t, Free> slots_;
};

}  // namespace sluice::gateway
