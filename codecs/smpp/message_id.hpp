#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::smpp {

/// How a message centre writes a message_id in one place; submit_sm_resp and receipt may differ (hex there, decimal
/// here).
enum class MessageIdFormat : std::uint8_t { as_is, decimal, hex };

/// A message_id in the one form under which it is indexed. Not for showing: people see the raw id.
class CanonicalId {
public:
    static constexpr std::size_t max_size = 64;

    std::string_view view() const { return {characters_.data(), size_}; }
    bool empty() const { return size_ == 0; }
    friend bool operator==(const CanonicalId& a, const CanonicalId& b) { return a.view() == b.view(); }
    friend auto operator<=>(const CanonicalId& a, const CanonicalId& b) { return a.view() <=> b.view(); }

private:
    friend CanonicalId canonical_message_id(std::string_view, MessageIdFormat);
    static CanonicalId of_number(std::uint64_t value);
    void push(char c) {
        if (size_ < max_size) characters_[size_++] = c;
    }
    std::array<char, max_size> characters_{};
    std::uint8_t size_ = 0;
};

/// Blanks, NULs, hyphens, leading zeros and the case of letters do not count. An id of the format's digits that fits in
/// 64 bits becomes "#" and its value in lower-case hex, so that decimal and hex forms of one number meet; any other
/// stays a text. At most the first 64 characters count. Empty only when nothing is left ("000" is "0").
CanonicalId canonical_message_id(std::string_view id, MessageIdFormat format);
/// Whether it is seen at once that the canonical form of `id` is the id as it stands: so it is of most.
bool is_canonical_message_id(std::string_view id, MessageIdFormat format);

}  // namespace sluice::smpp
