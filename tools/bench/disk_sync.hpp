#pragma once

#include <string>

#include "tools/bench/run.hpp"

namespace sluice::bench {

/// How long pwrite with fdatasync takes in a folder: `count` times `octets`, rounded up to whole pages, over the pages
/// of a file that has its size already, so that nothing but the data need be written; one every `interval`.
Result<LatencySummary> measure_syncs(const std::string& folder, std::size_t octets, std::uint32_t count,
                                     nanoseconds interval, const tools::Signals& signals);

}  // namespace sluice::bench
