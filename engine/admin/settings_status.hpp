#pragma once

#include <string_view>

#include "codecs/smpp/status.hpp"
#include "engine/base/result.hpp"

namespace sluice::admin {

struct StatusRange {
    smpp::CommandStatus first{};
    smpp::CommandStatus last{};
};

/// "ESME_RTHROTTLED", "0x58", "88" or "0x400-0x4FF"; never ESME_ROK.
Result<StatusRange> parse_status_range(std::string_view text);
/// The same for one status.
Result<smpp::CommandStatus> parse_status(std::string_view text);

}  // namespace sluice::admin
