#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::bench {

/// What processes have used so far, all together, as the kernel counts it.
struct ProcessUse {
    double cpu_seconds = 0;                       ///< of all threads, the ended ones too
    double user_seconds = 0, system_seconds = 0;  ///< the same, in steps of 10 ms as a rule
    std::uint64_t written_bytes = 0;              ///< that were or will be sent to the disk
    std::uint64_t anonymous_bytes = 0;            ///< resident: the heap and the like
    std::uint64_t file_bytes = 0;                 ///< resident: pages of files, which the kernel may take back

    /// What was used since `before`; memory is as it is now.
    ProcessUse operator-(const ProcessUse& before) const {
        ProcessUse since = *this;
        since.cpu_seconds -= before.cpu_seconds;
        since.user_seconds -= before.user_seconds;
        since.system_seconds -= before.system_seconds;
        since.written_bytes -= before.written_bytes;
        return since;
    }
};

/// Processes that are gone, or may not be looked at, count as nothing.
ProcessUse use_of(const std::vector<pid_t>& processes);

/// The sum over all labels of a metric in a Prometheus text; nothing when it is not there.
std::optional<double> sum_of_metric(std::string_view text, std::string_view name);

/// Whether a folder is in memory, where a sync costs nothing.
bool is_in_memory(const std::string& folder);

}  // namespace sluice::bench
