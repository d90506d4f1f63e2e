#include "engine/routing/number_set.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::routing {
namespace {

constexpr std::size_t max_pattern = 40;

Result<void> wrong(std::string_view text) {
    return fail(fmt::format("'{}' is no number of 1 to 15 digits, and neither a prefix (\"44770*\"), a range "
                            "(\"447700900100-447700900199\") nor a pattern of digits, ? and * (\"4477??001\")",
                            text.substr(0, 60)));
}

}  // namespace

Result<void> NumberSet::add(std::string_view text) {
    if (const std::size_t dash = text.find('-'); dash != text.npos)
        return add_range(text.substr(0, dash), text.substr(dash + 1));
    const std::size_t wildcard = text.find_first_of("*?");
    if (wildcard != text.npos && (wildcard + 1 != text.size() || text[wildcard] == '?')) return add_pattern(text);
    const auto pattern =
        wildcard == text.npos ? NumberPattern::exact(text) : NumberPattern::prefix(text.substr(0, wildcard));
    if (!pattern) return wrong(text);
    intervals_.push_back({0, pattern->first(), pattern->last()});
    return {};
}

Result<void> NumberSet::add_range(std::string_view from, std::string_view to) {
    const auto first = NumberPattern::exact(from), last = NumberPattern::exact(to);
    if (!first || !last) return wrong(fmt::format("{}-{}", from, to));
    const std::string first_digits = first->digits(), last_digits = last->digits();
    if (first_digits.size() != last_digits.size())
        return fail(fmt::format("the range {}-{} is between numbers of different lengths", first_digits, last_digits));
    if (first_digits > last_digits)
        return fail(fmt::format("the range {}-{} ends before it begins", first_digits, last_digits));
    intervals_.push_back({static_cast<std::uint8_t>(first_digits.size()), first->first(), last->last()});
    return {};
}

Result<void> NumberSet::add_pattern(std::string_view text) {
    const std::string_view whole = text;
    if (text.starts_with('+')) text.remove_prefix(1);
    if (text.size() > max_pattern) return wrong(whole);
    Pattern pattern;
    pattern.end = 1;
    char before = 0;
    for (const char c : text) {
        if (c == '*' && before == '*') continue;
        if (c == '*') pattern.stars |= pattern.end;
        else if (c == '?') for (std::uint64_t& takes : pattern.takes) takes |= pattern.end;
        else if (c >= '0' && c <= '9') pattern.takes[static_cast<std::size_t>(c - '0')] |= pattern.end;
        else return wrong(whole);
        pattern.end <<= 1;
        before = c;
    }
    patterns_.push_back(pattern);
    return {};
}

bool NumberSet::Pattern::matches(std::string_view digits) const {
    // A star may be passed without a digit, and takes any number of them.
    const auto past_stars = [this](std::uint64_t places) { return places | (places & stars) << 1; };
    std::uint64_t places = past_stars(1);
    for (const char digit : digits)
        places = past_stars((places & takes[static_cast<std::size_t>(digit - '0')]) << 1 | (places & stars));
    return (places & end) != 0;
}

void NumberSet::finish() {
    std::ranges::sort(intervals_);
    std::vector<Interval> merged;
    for (const Interval& next : intervals_) {
        if (!merged.empty() && merged.back().digits == next.digits && next.first <= merged.back().last)
            merged.back().last = std::max(merged.back().last, next.last);
        else merged.push_back(next);
    }
    intervals_ = std::move(merged);
}

bool NumberSet::within(std::uint8_t digits, NumberKey key) const {
    const auto after = std::ranges::upper_bound(intervals_, Interval{digits, key, ~NumberKey{0}});
    return after != intervals_.begin() && (after - 1)->digits == digits && (after - 1)->last >= key;
}

bool NumberSet::contains(const Address& number) const {
    const NumberKey key = number.key();
    const std::string_view text = number.text();
    if (within(0, key)) return true;
    if (!number.numeric()) return false;
    // The keys of numbers that are longer than any pattern are cut.
    if (text.size() <= NumberPattern::max_digits && within(static_cast<std::uint8_t>(text.size()), key)) return true;
    return std::ranges::any_of(patterns_, [&](const Pattern& pattern) { return pattern.matches(text); });
}

}  // namespace sluice::routing
