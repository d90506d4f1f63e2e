#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::script {

/// What a trigger can be fired by. The function that a script defines for it is named "on_" and the event.
enum class Event : std::uint8_t {
    bind,               ///< a customer whose password was right asks to be bound
    submit,             ///< an account's message has passed the checks and has no route yet
    route,              ///< its providers are known, best first
    before_send,        ///< it is about to go to a provider
    provider_response,  ///< the provider has answered
    receipt,            ///< a provider's receipt has found its message
    state_change,       ///< a message has reached its final state
    originated,         ///< a provider brings a message for an account
    session_closed,     ///< a bound session of a customer is over
};
inline constexpr std::size_t event_count = 9;

inline constexpr std::array<std::string_view, event_count> event_names{
    "bind", "submit", "route", "before_send", "provider_response", "receipt", "state_change", "originated",
    "session_closed"};

constexpr std::string_view name_of(Event event) { return event_names[static_cast<std::size_t>(event)]; }
constexpr std::optional<Event> event_named(std::string_view name) {
    for (std::size_t i = 0; i < event_names.size(); ++i)
        if (event_names[i] == name) return static_cast<Event>(i);
    return std::nullopt;
}

/// A set of events.
using EventMask = std::uint16_t;
constexpr EventMask bit(Event event) { return static_cast<EventMask>(1u << static_cast<unsigned>(event)); }

}  // namespace sluice::script
