#pragma once

#include "tools/bench/run.hpp"

namespace sluice::bench {

/// How long a gateway takes to answer what needs neither a disk nor a provider: `count` times an enquire_link over a
/// connection of its own, one every `interval`. In clear, and without a bind.
Result<LatencySummary> measure_enquire_links(const io::Endpoint& gateway, std::uint32_t count, nanoseconds interval,
                                             const tools::Signals& signals);

}  // namespace sluice::bench
