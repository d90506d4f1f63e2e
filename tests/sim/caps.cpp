#include "caps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace sluice::sim {

namespace {

/// What arrives so soon after an hour has begun may have left before.
constexpr seconds under_way{1};

/// The gateway stopped before it knew that this one was taken: it was sent again, or would have been.
bool forgotten(const Ledger::Taken& taken) {
    const Ledger::Sent& sent = *taken.sent;
    return sent.cancelled || sent.maybe_cancelled || sent.stat == "EXPIRED" ||
           std::ranges::any_of(sent.copies, [&](const Ledger::Arrival& copy) { return copy.starts > taken.starts; });
}

}  // namespace

void Caps::judge(const Ledger& ledger, std::vector<std::string>& found) {
    if (!on_) return;
    full_hours_ = 0;
    for (const auto& [provider, taken] : ledger.taken) {
        const routing::Caps caps = of(provider);
        if (caps.per_hour != 0) judge(provider, taken, 1, caps.per_hour, found);
        if (caps.per_day != 0) judge(provider, taken, routing::hours_per_day, caps.per_day, found);
    }
}

void Caps::judge(const std::string& provider, const std::vector<Ledger::Taken>& taken, std::uint32_t hours,
                 std::uint64_t most, std::vector<std::string>& found) {
    struct Window {
        std::uint64_t surely = 0, all = 0, with_forgotten = 0;
    };
    std::map<std::uint32_t, Window> windows;
    for (const Ledger::Taken& one : taken) {
        Window& window = windows[routing::hour_of(one.wall) / hours];
        ++window.with_forgotten;
        if (forgotten(one)) continue;
        ++window.all;
        window.surely += !one.delayed && one.at - one.hour_began > under_way;
    }
    std::uint64_t sum = 0;
    for (const auto& [number, window] : windows) {
        if (window.surely > most)
            found.push_back(fmt::format("{} took {} in one window of {} hours, its cap is {}", provider, window.surely,
                                        hours, most));
        sum += window.all;
        const std::uint64_t so_far = most * (number - windows.begin()->first + 1);
        if (sum > so_far)
            found.push_back(fmt::format("{} took {} in {} windows of {} hours, its cap is {} in each", provider, sum,
                                        so_far / most, hours, most));
        full_hours_ += hours == 1 && window.with_forgotten * 10 >= most * 9;
    }
}

}  // namespace sluice::sim
