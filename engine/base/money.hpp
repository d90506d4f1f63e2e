#pragma once

#include <charconv>
#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

/// An amount of what accounts are charged in: credits, or any currency. Exact, in millionths of a unit; about
/// 9.2 * 10^12 units either way.
struct Money {
    std::int64_t micros = 0;
    static constexpr std::int64_t unit = 1'000'000;
    static constexpr Money of(std::int64_t units) { return {units * unit}; }

    friend constexpr auto operator<=>(Money, Money) = default;
    constexpr Money& operator+=(Money by) { micros += by.micros; return *this; }
    constexpr Money& operator-=(Money by) { micros -= by.micros; return *this; }
    friend constexpr Money operator+(Money a, Money b) { return a += b; }
    friend constexpr Money operator-(Money a, Money b) { return a -= b; }
    friend constexpr Money operator*(Money a, std::int64_t times) { return {a.micros * times}; }
};

/// "12", "0.035", "-1.5": with up to six decimals, without zeros at their end.
inline std::string to_string(Money money) {
    const std::uint64_t size = money.micros < 0 ? 0 - static_cast<std::uint64_t>(money.micros)
                                                : static_cast<std::uint64_t>(money.micros);
    std::string text = money.micros < 0 ? "-" : "";
    text += std::to_string(size / Money::unit);
    if (const std::uint64_t rest = size % Money::unit; rest != 0) {
        std::string decimals = std::to_string(Money::unit + rest);  // a leading 1 keeps the zeros
        decimals.erase(decimals.find_last_not_of('0') + 1);
        text += '.' + decimals.substr(1);
    }
    return text;
}

/// What `to_string` writes, with an optional `+` and any zeros. Nothing where it is not a number, has more than six
/// decimals, or does not fit.
inline std::optional<Money> parse_money(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    const std::size_t point = text.find('.');
    const std::string_view whole = text.substr(0, point);
    const std::string_view decimals = point == text.npos ? std::string_view() : text.substr(point + 1);
    const auto digits = [](std::string_view of) { return of.find_first_not_of("0123456789") == of.npos; };
    if (whole.empty() || !digits(whole) || !digits(decimals) || decimals.size() > 6 ||
        (point != text.npos && decimals.empty()))
        return std::nullopt;
    std::int64_t units = 0;
    if (std::from_chars(whole.data(), whole.data() + whole.size(), units).ec != std::errc() ||
        units > std::numeric_limits<std::int64_t>::max() / Money::unit - 1)
        return std::nullopt;
    std::int64_t micros = 0;
    for (std::size_t i = 0; i < 6; ++i) micros = micros * 10 + (i < decimals.size() ? decimals[i] - '0' : 0);
    const std::int64_t size = units * Money::unit + micros;
    return Money{negative ? -size : size};
}

}  // namespace sluice
