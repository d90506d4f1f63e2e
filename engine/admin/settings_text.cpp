#include "engine/admin/settings_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <optional>
#include <vector>

namespace sluice::admin {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr std::array<Unit, 5> time_units{{
    {"d", 86'400'000'000'000}, {"h", 3'600'000'000'000}, {"m", 60'000'000'000}, {"s", 1'000'000'000}, {"ms", 1'000'000},
}};
constexpr std::array<Unit, 4> size_units{{
    {"TiB", 1ull << 40}, {"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10},
}};

/// A number from the front of `text`.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Letters from the front of `text`.
std::string_view take_letters(std::string_view& text) {
    const auto end = std::ranges::find_if_not(text, is_alpha);
    const std::string_view letters(text.begin(), end);
    text.remove_prefix(letters.size());
    return letters;
}

bool is_host(std::string_view host) {
    return !host.empty() && host.size() <= 253 && std::ranges::all_of(host, [](char c) {
        return is_alpha(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    });
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
        }
    }
    return row.back();
}

}  // namespace

Result<nanoseconds> parse_duration(std::string_view text) {
    const auto wrong = [] { return fail("a duration is written \"250ms\", \"30s\", \"5m\", \"2h\" or \"7d\""); };
    if (text == "0") return nanoseconds(0);
    if (text.empty()) return wrong();
    constexpr std::uint64_t most = 100ull * 365 * 86'400'000'000'000;  // a century, well within nanoseconds
    std::uint64_t total = 0;
    auto unit = time_units.begin();
    while (!text.empty()) {
        const auto number = take_number(text);
        if (!number) return wrong();
        const std::string_view name = take_letters(text);
        unit = std::find_if(unit, time_units.end(), [&](const Unit& u) { return u.name == name; });
        if (unit == time_units.end()) return wrong();
        if (*number > most / unit->factor || total + *number * unit->factor > most)
            return fail("a duration is at most 100 years");
        total += *number * unit->factor;
        ++unit;
    }
    return nanoseconds(static_cast<std::int64_t>(total));
}

std::string duration_text(nanoseconds duration) {
    auto rest = static_cast<std::uint64_t>(duration.count());
    std::string text;
    for (const Unit& unit : time_units) {
        if (rest < unit.factor) continue;
        text += std::to_string(rest / unit.factor);
        text += unit.name;
        rest %= unit.factor;
    }
    return text.empty() ? "0s" : text;
}

Result<std::uint64_t> parse_size(std::string_view text) {
    const auto wrong = [] { return fail("a size is written \"4096\", \"64KiB\", \"10MiB\", \"2GiB\" or \"1TiB\""); };
    const auto number = take_number(text);
    if (!number) return wrong();
    if (text.empty()) return *number;
    const auto unit = std::ranges::find(size_units, text, &Unit::name);
    if (unit == size_units.end()) return wrong();
    if (*number > UINT64_MAX / unit->factor) return fail("this size is larger than any disk");
    return *number * unit->factor;
}

std::string size_text(std::uint64_t octets) {
    for (const Unit& unit : size_units)
        if (octets >= unit.factor && octets % unit.factor == 0)
            return std::to_string(octets / unit.factor) + std::string(unit.name);
    return std::to_string(octets);
}

Result<routing::HostPort> parse_host_port(std::string_view text) {
    const auto wrong = [] {
        return fail("an endpoint is written \"127.0.0.1:2775\", \"[::1]:2775\" or \"smsc.example.net:2775\"");
    };
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return wrong();
    std::string_view host = text.substr(0, colon);
    std::string_view digits = text.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
        const bool ipv6 = host.find(':') != std::string_view::npos && host.size() <= 45 &&
                          host.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
        if (!ipv6) return wrong();
    } else if (!is_host(host)) {
        return wrong();
    }
    const auto port = take_number(digits);
    if (!port || !digits.empty()) return wrong();
    if (*port > 65535) return fail("a port is 0 to 65535");
    return routing::HostPort{std::string(host), static_cast<std::uint16_t>(*port)};
}

std::string did_you_mean(std::string_view text, std::span<const std::string_view> candidates) {
    if (text.empty() || text.size() > 64) return {};
    std::string_view nearest;
    std::size_t least = std::max<std::size_t>(text.size() / 3, 1) + 1;
    for (const std::string_view candidate : candidates) {
        const std::size_t distance = edit_distance(text, candidate);
        if (distance < least) {
            least = distance;
            nearest = candidate;
        }
    }
    return nearest.empty() ? "" : " (did you mean '" + std::string(nearest) + "'?)";
}

}  // namespace sluice::admin
