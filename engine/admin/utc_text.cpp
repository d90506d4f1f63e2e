#include "engine/admin/utc_text.hpp"

#include <fmt/chrono.h>

namespace sluice::admin {

std::string utc_text(WallTime at) {
    const auto second = std::chrono::floor<seconds>(at);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(second)),
                       (at - second).count());
}

}  // namespace sluice::admin
