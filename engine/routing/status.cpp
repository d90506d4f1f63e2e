#include "engine/routing/status.hpp"

#include <algorithm>
#include <array>

namespace sluice::routing {
namespace {

constexpr std::array<std::string_view, error_class_count> names{"ok",        "throttled", "temporary",
                                                                "permanent", "unknown",   "unanswered"};

}  // namespace

std::string_view to_string(ErrorClass error_class) { return names[static_cast<std::size_t>(error_class)]; }

std::optional<ErrorClass> parse_error_class(std::string_view name) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) return std::nullopt;
    return static_cast<ErrorClass>(found - names.begin());
}

void StatusMap::set(smpp::CommandStatus first, smpp::CommandStatus last, ErrorClass error_class) {
    const auto width = [](const Override& o) {
        return static_cast<std::uint32_t>(o.last) - static_cast<std::uint32_t>(o.first);
    };
    const Override added{first, last, error_class};
    // Before the first that is not narrower: what was set last comes first among equals.
    overrides_.insert(std::ranges::lower_bound(overrides_, width(added), {}, width), added);
}

ErrorClass StatusMap::classify(smpp::CommandStatus status) const {
    for (const Override& o : overrides_)
        if (status >= o.first && status <= o.last) return o.error_class;
    return default_class(status);
}

ErrorClass StatusMap::default_class(smpp::CommandStatus status) {
    using enum smpp::CommandStatus;
    switch (status) {
        case ESME_ROK: return ErrorClass::ok;
        case ESME_RTHROTTLED:
        case ESME_RMSGQFUL: return ErrorClass::throttled;
        // Said of the moment, not of the message.
        case ESME_RSYSERR:
        case ESME_RSUBMITFAIL:
        case ESME_RX_T_APPN:
        case ESME_RSERTYPUNAVAIL: return ErrorClass::temporary;
        // Said of the session: the next one may take the message.
        case ESME_RINVBNDSTS:
        case ESME_RALYBND:
        case ESME_RBINDFAIL:
        case ESME_RINVPASWD:
        case ESME_RINVSYSID: return ErrorClass::temporary;
        case ESME_RUNKNOWNERR: return ErrorClass::unknown;
        default: return smpp::find_status(status) != nullptr ? ErrorClass::permanent : ErrorClass::unknown;
    }
}

const RetrySchedule* RetryPolicy::schedule(ErrorClass error_class) const {
    switch (error_class) {
        case ErrorClass::ok: return nullptr;
        case ErrorClass::throttled: return &throttled;
        case ErrorClass::temporary: return &temporary;
        case ErrorClass::permanent: return &permanent;
        case ErrorClass::unknown: return &unknown;
        case ErrorClass::unanswered: return &unanswered;
    }
    return nullptr;
}

std::optional<nanoseconds> RetryPolicy::retry_delay(ErrorClass error_class, std::uint32_t attempt) const {
    const RetrySchedule* found = schedule(error_class);
    if (found == nullptr || found->delays.empty()) return std::nullopt;
    const std::size_t index = std::max<std::uint32_t>(attempt, 1) - 1;
    if (index < found->delays.size()) return found->delays[index];
    if (found->repeat_last) return found->delays.back();
    return std::nullopt;
}

}  // namespace sluice::routing
