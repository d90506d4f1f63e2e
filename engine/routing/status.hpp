#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codecs/smpp/status.hpp"
#include "engine/base/time.hpp"

/// What an answer of a provider means for the message, and when it is tried again.
namespace sluice::routing {

enum class ErrorClass : std::uint8_t {
    ok,
    throttled,   ///< the provider has had enough for now: window and rate adapt, the message goes back to the queue
    temporary,   ///< this message may work later
    permanent,   ///< this message will never work: a failure receipt
    unknown,     ///< a status that neither the specification nor the provider's map explains
    unanswered,  ///< no response came: the outcome is not known (interop S7); never the result of classify
};
inline constexpr std::size_t error_class_count = 6;
std::string_view to_string(ErrorClass error_class);
std::optional<ErrorClass> parse_error_class(std::string_view name);

/// command_status to class: the field's meaning by default (interop S8), a provider's own where it says so.
class StatusMap {
public:
    /// The provider's meaning of the statuses first to last; of ranges that overlap the narrowest counts, and of equal
    /// ones that set last.
    void set(smpp::CommandStatus first, smpp::CommandStatus last, ErrorClass error_class);
    void set(smpp::CommandStatus status, ErrorClass error_class) { set(status, status, error_class); }
    ErrorClass classify(smpp::CommandStatus status) const;
    /// The meaning of a status where no provider says otherwise.
    static ErrorClass default_class(smpp::CommandStatus status);

    friend bool operator==(const StatusMap&, const StatusMap&) = default;

private:
    struct Override {
        smpp::CommandStatus first;
        smpp::CommandStatus last;
        ErrorClass error_class;
        friend bool operator==(const Override&, const Override&) = default;
    };
    std::vector<Override> overrides_;  ///< narrowest first
};

/// The waits before each further attempt.
struct RetrySchedule {
    std::vector<nanoseconds> delays;
    bool repeat_last = false;  ///< go on with the last delay until the message expires; otherwise the end is failure

    friend bool operator==(const RetrySchedule&, const RetrySchedule&) = default;
};

struct RetryPolicy {
    RetrySchedule throttled{{milliseconds(500), seconds(1), seconds(2), seconds(5)}, true};
    RetrySchedule temporary{{seconds(10), seconds(30), seconds(120), seconds(600), seconds(1800)}, true};
    RetrySchedule permanent{};
    RetrySchedule unknown{{seconds(60), seconds(600), seconds(3600)}, false};
    RetrySchedule unanswered{{seconds(0), seconds(10), seconds(60), seconds(600)}, true};

    /// The wait after failed attempt number `attempt` (the first is 1) and before the next; nothing when there is to be
    /// no other attempt. Nothing for ErrorClass::ok.
    std::optional<nanoseconds> retry_delay(ErrorClass error_class, std::uint32_t attempt) const;
    const RetrySchedule* schedule(ErrorClass error_class) const;

    friend bool operator==(const RetryPolicy&, const RetryPolicy&) = default;
};

}  // namespace sluice::routing
