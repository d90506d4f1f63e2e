#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::routing {

/// A number in the form that orders numbers by prefix: one nibble a digit from the top, then an end mark, then zeros.
/// All numbers that begin with a prefix are one interval of keys, and share the prefix's first nibbles.
using NumberKey = std::uint64_t;

/// An address as routing sees it (interop P16): blanks and punctuation gone, `+` and `00` gone, a national number with
/// its country code. What is forwarded is the peer's own text, never this one.
class Address {
public:
    static constexpr std::size_t max_length = 20;  ///< v3.4 §5.2.8: 21 octets with the NUL; the rest is cut off

    Address() = default;
    /// `raw` and `ton` (smpp::Ton, any value) as the peer sent them; a TON that lies is survived. `country_code` (1 to
    /// 3 digits, or empty) completes national numbers: those of TON national, and those of TON unknown that begin with
    /// one zero, the trunk prefix, which goes.
    static Address normalise(std::string_view raw, std::uint8_t ton, std::string_view country_code = {});

    std::string_view text() const { return {text_.data(), length_}; }
    /// Only digits; false for alphanumeric senders, which match by their exact text or its beginning.
    bool numeric() const { return numeric_; }
    /// Where this number stands among prefixes. An address that is not numeric matches the empty prefix alone.
    NumberKey key() const;

private:
    std::array<char, max_length> text_{};
    std::uint8_t length_ = 0;
    bool numeric_ = false;
};

/// A prefix of 0 to 15 digits, or one exact number of 1 to 15 digits, in eight octets.
class NumberPattern {
public:
    static constexpr std::size_t max_digits = 15;  ///< E.164

    NumberPattern() = default;  ///< the empty prefix: every address
    /// Digits, optionally after a `+`; nothing for anything else or more than 15 digits.
    static std::optional<NumberPattern> prefix(std::string_view digits);
    static std::optional<NumberPattern> exact(std::string_view digits);
    /// As people write it: "447700900123", or with what it begins, "44770*".
    static std::optional<NumberPattern> parse(std::string_view written);

    /// The keys [first, last] are those of the addresses that match.
    NumberKey first() const { return key_; }
    NumberKey last() const;
    /// Nibbles that count: the digits, and one more for an exact number, so that it is longer than any prefix of it.
    unsigned length() const;
    bool is_exact() const;
    std::string digits() const;

    friend auto operator<=>(NumberPattern, NumberPattern) = default;

private:
    explicit NumberPattern(NumberKey key) : key_(key) {}
    NumberKey key_ = 0;
};

}  // namespace sluice::routing
