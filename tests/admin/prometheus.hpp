#pragma once

#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"

/// A reader of the Prometheus text format 0.0.4 that takes nothing which the format does not allow, nor what it allows
/// and we never write (timestamps, samples without a TYPE).
namespace sluice::test {

struct Sample {
    std::map<std::string, std::string> labels;
    double value = 0;
};
struct Family {
    std::string type, help;
    std::vector<Sample> samples;
};
using Families = std::map<std::string, Family>;

namespace detail {

inline bool is_name(std::string_view text) {
    if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
    return text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:") == text.npos;
}

/// Takes `{name="value",...}` off the front of `at`.
inline bool take_labels(std::string_view& at, Sample& sample) {
    at.remove_prefix(1);
    for (;;) {
        const std::size_t equals = at.find("=\"");
        if (equals == at.npos || !is_name(at.substr(0, equals))) return false;
        const std::string name(at.substr(0, equals));
        at.remove_prefix(equals + 2);
        std::string value;
        for (; !at.empty() && at[0] != '"'; at.remove_prefix(1)) {
            if (at[0] != '\\') {
                value += at[0];
                continue;
            }
            at.remove_prefix(1);
            if (at.empty() || (at[0] != '\\' && at[0] != '"' && at[0] != 'n')) return false;
            value += at[0] == 'n' ? '\n' : at[0];
        }
        if (at.size() < 2 || !sample.labels.emplace(name, value).second) return false;
        const char next = at[1];
        at.remove_prefix(2);
        if (next == '}') return true;
        if (next != ',') return false;
    }
}

inline bool parse_value(std::string_view text, double& value) {
    if (text == "NaN") return value = std::nan(""), true;
    if (text == "+Inf" || text == "-Inf") return value = text[0] == '+' ? HUGE_VAL : -HUGE_VAL, true;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace detail

inline Result<Families> parse_prometheus(std::string_view text) {
    Families families;
    std::string current, help_of, help;
    std::set<std::pair<std::string, std::map<std::string, std::string>>> seen;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (end == text.npos) return fail("the last line has no end: " + std::string(text));
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        const auto refuse = [line](const char* why) { return fail(std::string(why) + ": " + std::string(line)); };
        const bool is_type = line.starts_with("# TYPE ");
        if (is_type || line.starts_with("# HELP ")) {
            line.remove_prefix(7);
            const std::size_t space = line.find(' ');
            if (space == line.npos || !detail::is_name(line.substr(0, space))) return refuse("no name");
            const std::string name(line.substr(0, space)), rest(line.substr(space + 1));
            if (!is_type) {
                help_of = name;
                help = rest;
                continue;
            }
            if (rest != "counter" && rest != "gauge") return refuse("no type of ours");
            if (!families.emplace(name, Family{rest, help_of == name ? help : std::string(), {}}).second)
                return refuse("a family twice");
            current = name;
            continue;
        }
        const std::size_t name_end = line.find_first_of("{ ");
        if (current.empty() || line.substr(0, name_end) != current) return refuse("a sample outside of its family");
        std::string_view at = line.substr(name_end);
        Sample sample;
        if (at[0] == '{' && !detail::take_labels(at, sample)) return refuse("malformed labels");
        if (at.empty() || at[0] != ' ' || !detail::parse_value(at.substr(1), sample.value))
            return refuse("malformed value");
        if (!seen.emplace(current, sample.labels).second) return refuse("a sample twice");
        families[current].samples.push_back(std::move(sample));
    }
    return families;
}

}  // namespace sluice::test
