#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/counters.hpp"
#include "engine/base/time.hpp"
#include "engine/io/io.hpp"
#include "tools/bench/composer.hpp"
#include "tools/bench/histogram.hpp"
#include "tools/bench/secrets.hpp"

namespace sluice::bench {

struct Credentials {
    std::string system_id, password;
};

/// What the generator does, the same for the whole life of its threads.
struct LoadOptions {
    std::vector<Credentials> accounts;
    std::uint32_t sessions = 10;  ///< all accounts together, dealt in turn
    std::uint32_t active = 0;     ///< sessions that send; 0: all
    std::uint32_t window = 100;   ///< submit_sm unanswered, per session
    std::uint32_t provider_window = 1000;  ///< deliver_sm unanswered, per bind of the gateway
    std::uint32_t providers = 1;
    bool receipts = true;
    std::shared_ptr<const Secrets> secrets;  ///< TLS with customers and providers; none: in clear
    TextMix mix;
    SizeRange sizes;
    std::uint64_t seed = 1;
    std::uint16_t run = 0;  ///< a message of another run is a stranger
};

/// What the gateway under test binds to its providers with.
inline constexpr const char* provider_system_id = "provider";
inline constexpr const char* provider_password = "secret";

/// One stretch of sending, a thread's share of it.
struct Phase {
    MonoTime begin{};
    MonoTime end = MonoTime::max();                                   ///< nothing is due from then on
    std::uint64_t count = std::numeric_limits<std::uint64_t>::max();  ///< messages
    nanoseconds interval{};  ///< between the times that messages are due; zero: as the windows allow
};

/// What one thread counts while it runs; read by any.
struct LoadCounters {
    // customers
    Gauge sessions;  ///< bound
    Counter sent, accepted, refused, unanswered;
    Counter receipted, receipts_duplicated, receipts_unknown;
    Counter sessions_lost;  ///< ended before they were told to
    Gauge sending;          ///< 1 while the phase still has something to send
    // providers
    Gauge binds;
    Counter delivered;  ///< for the first time
    Counter duplicated, strangers, out_of_order;
    Counter receipts_sent, receipts_refused;
    Gauge last_event;  ///< MonoTime of the last answer, delivery or receipt
};

/// Latencies of a phase as one thread saw them, from when a message was due.
struct Latencies {
    Histogram response;  ///< to submit_sm_resp with ESME_ROK
    Histogram provider;  ///< to submit_sm at the provider
    Histogram receipt;   ///< to deliver_sm with its receipt at the customer
    Histogram lag;       ///< to its being written although the window had room: the generator's own delay

    void add(const Latencies& other);
    void clear();
};

}  // namespace sluice::bench
