#include "engine/script/pattern.hpp"

#include <cctype>

namespace sluice::script {
namespace {

/// "%a" and its like; a character that names no class stands for itself.
bool in_class(unsigned char c, unsigned char name) {
    bool in = false;
    switch (std::tolower(name)) {
        case 'a': in = std::isalpha(c) != 0; break;
        case 'c': in = std::iscntrl(c) != 0; break;
        case 'd': in = std::isdigit(c) != 0; break;
        case 'g': in = std::isgraph(c) != 0; break;
        case 'l': in = std::islower(c) != 0; break;
        case 'p': in = std::ispunct(c) != 0; break;
        case 's': in = std::isspace(c) != 0; break;
        case 'u': in = std::isupper(c) != 0; break;
        case 'w': in = std::isalnum(c) != 0; break;
        case 'x': in = std::isxdigit(c) != 0; break;
        default: return name == c;
    }
    return std::isupper(name) != 0 ? !in : in;
}

}  // namespace

bool Matcher::step(std::uint64_t count) {
    if (steps_ < count) {
        steps_ = 0;
        fault_ = Fault::too_much_work;
        return false;
    }
    steps_ -= count;
    return true;
}

std::size_t Matcher::wrong(const char* text) {
    fault_ = Fault::malformed;
    fault_text_ = text;
    return no_match;
}

std::size_t Matcher::match(std::size_t at) {
    captures_ = 0;
    depth_ = 0;
    fault_ = Fault::none;
    const std::size_t end = follow(at, 0);
    if (end == no_match) return no_match;
    for (std::size_t i = 0; i < captures_; ++i)
        if (capture_[i].open) return wrong("unfinished capture");
    return end;
}

/// The end of the single-character item at `p`: a character, ".", "%x" or a set.
std::size_t Matcher::single_end(std::size_t p) {
    const char c = pattern_[p++];
    if (c == '%') return p < pattern_.size() ? p + 1 : wrong("malformed pattern (ends with '%')");
    if (c != '[') return p;
    if (p < pattern_.size() && pattern_[p] == '^') ++p;
    for (bool first = true;; first = false) {
        if (p >= pattern_.size()) return wrong("malformed pattern (missing ']')");
        const char in = pattern_[p++];
        if (in == ']' && !first) return p;
        if (in == '%') {
            if (p >= pattern_.size()) return wrong("malformed pattern (missing ']')");
            ++p;
        }
    }
}

/// `p` is behind "[", `end` behind "]".
bool Matcher::in_set(unsigned char c, std::size_t p, std::size_t end) const {
    const std::size_t last = end - 1;
    const bool negated = pattern_[p] == '^';
    if (negated) ++p;
    while (p < last) {
        const auto item = static_cast<unsigned char>(pattern_[p]);
        if (item == '%') {
            if (in_class(c, static_cast<unsigned char>(pattern_[p + 1]))) return !negated;
            p += 2;
        } else if (p + 2 < last && pattern_[p + 1] == '-') {
            if (item <= c && c <= static_cast<unsigned char>(pattern_[p + 2])) return !negated;
            p += 3;
        } else {
            if (item == c) return !negated;
            ++p;
        }
    }
    return negated;
}

bool Matcher::single(std::size_t s, std::size_t p, std::size_t end) {
    // A set costs what is in it.
    if (s >= subject_.size() || !step(pattern_[p] == '[' ? end - p : 1)) return false;
    const auto c = static_cast<unsigned char>(subject_[s]);
    switch (pattern_[p]) {
        case '.': return true;
        case '%': return in_class(c, static_cast<unsigned char>(pattern_[p + 1]));
        case '[': return in_set(c, p + 1, end);
        default: return static_cast<unsigned char>(pattern_[p]) == c;
    }
}

/// "*" and "+": as many as there are, then fewer.
std::size_t Matcher::most(std::size_t s, std::size_t p, std::size_t end) {
    std::size_t count = 0;
    while (single(s + count, p, end)) ++count;
    for (;; --count) {
        if (fault_ != Fault::none) return no_match;
        const std::size_t found = follow(s + count, end + 1);
        if (found != no_match || count == 0) return found;
    }
}

/// "-": as few as there can be.
std::size_t Matcher::least(std::size_t s, std::size_t p, std::size_t end) {
    for (;; ++s) {
        const std::size_t found = follow(s, end + 1);
        if (found != no_match || fault_ != Fault::none) return found;
        if (!single(s, p, end)) return no_match;
    }
}

std::size_t Matcher::balance(std::size_t s, std::size_t p) {
    if (p + 1 >= pattern_.size()) return wrong("malformed pattern (missing arguments to '%b')");
    if (s >= subject_.size() || subject_[s] != pattern_[p]) return no_match;
    const char open = pattern_[p], close = pattern_[p + 1];
    for (std::size_t depth = 1; ++s < subject_.size() && step();) {
        if (subject_[s] == close) {
            if (--depth == 0) return s + 1;
        } else if (subject_[s] == open) {
            ++depth;
        }
    }
    return no_match;
}

std::size_t Matcher::frontier(std::size_t s, std::size_t p, std::size_t& next) {
    if (p >= pattern_.size() || pattern_[p] != '[') return wrong("missing '[' after '%f' in pattern");
    next = single_end(p);
    if (next == no_match || !step(next - p)) return no_match;
    const auto before = s == 0 ? '\0' : subject_[s - 1];
    const auto here = s < subject_.size() ? subject_[s] : '\0';
    const bool at = !in_set(static_cast<unsigned char>(before), p + 1, next) &&
                    in_set(static_cast<unsigned char>(here), p + 1, next);
    return at ? s : no_match;
}

std::size_t Matcher::back_reference(std::size_t s, std::size_t p) {
    const auto index = static_cast<std::size_t>(pattern_[p] - '1');
    if (index >= captures_ || capture_[index].open) return wrong("invalid capture index in pattern");
    const Capture& its = capture_[index];
    const std::size_t length = its.position ? 0 : its.length;
    if (subject_.size() - s < length || !step(length + 1)) return no_match;
    return subject_.substr(its.begin, length) == subject_.substr(s, length) ? s + length : no_match;
}

std::size_t Matcher::open_capture(std::size_t s, std::size_t p, bool position) {
    if (captures_ == max_captures) return wrong("too many captures");
    capture_[captures_++] = {s, 0, position, !position};
    const std::size_t found = follow(s, p);
    if (found == no_match) --captures_;
    return found;
}

std::size_t Matcher::close_capture(std::size_t s, std::size_t p) {
    std::size_t i = captures_;
    while (i > 0 && !capture_[i - 1].open) --i;
    if (i == 0) return wrong("invalid pattern capture");
    Capture& its = capture_[i - 1];
    its.length = s - its.begin;
    its.open = false;
    const std::size_t found = follow(s, p);
    if (found == no_match) its.open = true;
    return found;
}

/// The pattern from `p` on against the subject from `s` on.
std::size_t Matcher::follow(std::size_t s, std::size_t p) {
    if (++depth_ > max_depth) {
        fault_ = Fault::too_complex;
        return no_match;
    }
    struct Leave {
        unsigned& depth;
        ~Leave() { --depth; }
    } leave{depth_};
    while (p < pattern_.size()) {
        if (!step()) return no_match;
        const char c = pattern_[p];
        const char next = p + 1 < pattern_.size() ? pattern_[p + 1] : '\0';
        if (c == '(') return next == ')' ? open_capture(s, p + 2, true) : open_capture(s, p + 1, false);
        if (c == ')') return close_capture(s, p + 1);
        if (c == '$' && p + 1 == pattern_.size()) return s == subject_.size() ? s : no_match;
        if (c == '%' && next == 'b') {
            s = balance(s, p + 2);
            p += 4;
        } else if (c == '%' && next == 'f') {
            std::size_t behind = p;
            s = frontier(s, p + 2, behind);
            p = behind;
        } else if (c == '%' && next >= '0' && next <= '9') {
            s = back_reference(s, p + 1);
            p += 2;
        } else {
            const std::size_t end = single_end(p);
            if (end == no_match) return no_match;
            const char repeat = end < pattern_.size() ? pattern_[end] : '\0';
            if (repeat == '*') return most(s, p, end);
            if (repeat == '+') return single(s, p, end) ? most(s + 1, p, end) : no_match;
            if (repeat == '-') return least(s, p, end);
            if (repeat == '?') {
                if (single(s, p, end)) {
                    const std::size_t found = follow(s + 1, end + 1);
                    if (found != no_match || fault_ != Fault::none) return found;
                }
                p = end + 1;
                continue;
            }
            if (!single(s, p, end)) return no_match;
            ++s;
            p = end;
        }
        if (s == no_match || fault_ != Fault::none) return no_match;
    }
    return s;
}

}  // namespace sluice::script
