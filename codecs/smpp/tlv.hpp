#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <string_view>

#include "codecs/smpp/tag.hpp"
#include "engine/base/bytes.hpp"

namespace sluice::smpp {

/// Octets of a TLV before its value: tag and length, two each.
inline constexpr std::size_t tlv_header_size = 4;

struct Tlv {
    Tag tag{};
    ByteView value;
};

/// The TLVs at the end of a PDU as received: nothing is copied, unknown ones are kept, repeated ones too. Any octets
/// will do; iteration ends where a TLV would not fit. The views live as long as the octets.
class TlvView {
public:
    constexpr TlvView() = default;
    constexpr explicit TlvView(ByteView raw) : raw_(raw) {}

    class Iterator {
    public:
        using iterator_concept = std::forward_iterator_tag;
        using iterator_category = std::input_iterator_tag;
        using value_type = Tlv;
        using difference_type = std::ptrdiff_t;

        Iterator() = default;
        explicit Iterator(ByteView rest) : rest_(rest) { measure(); }

        Tlv operator*() const {
            return {Tag{load_be<std::uint16_t>(rest_.data())}, rest_.subspan(tlv_header_size, size_ - tlv_header_size)};
        }
        Iterator& operator++() {
            rest_ = rest_.subspan(size_);
            measure();
            return *this;
        }
        Iterator operator++(int) {
            Iterator before = *this;
            ++*this;
            return before;
        }
        /// Equal to the end when no whole TLV is left.
        friend bool operator==(const Iterator& it, std::default_sentinel_t) { return it.size_ == 0; }
        friend bool operator==(const Iterator& a, const Iterator& b) {
            return a.rest_.data() == b.rest_.data() && a.size_ == b.size_;
        }
        /// Octets after the last whole TLV, once at the end.
        ByteView rest() const { return rest_; }

    private:
        void measure() {
            size_ = 0;
            if (rest_.size() < tlv_header_size) return;
            const std::size_t size = tlv_header_size + load_be<std::uint16_t>(rest_.data() + 2);
            if (size <= rest_.size()) size_ = size;
        }
        ByteView rest_;
        std::size_t size_ = 0;
    };

    Iterator begin() const { return Iterator(raw_); }
    std::default_sentinel_t end() const { return {}; }
    bool empty() const { return begin() == end(); }
    ByteView raw() const { return raw_; }

    /// The value of the first TLV with this tag.
    std::optional<ByteView> find(Tag tag) const {
        for (const Tlv tlv : *this)
            if (tlv.tag == tag) return tlv.value;
        return std::nullopt;
    }
    /// An integer of any width from 1 to 8 octets (peers do not keep to the specified one) that fits in 32 bits.
    std::optional<std::uint32_t> integer(Tag tag) const;
    /// A text up to its NUL, or up to its end where the peer left the NUL out.
    std::optional<std::string_view> text(Tag tag) const;

private:
    ByteView raw_;
};

/// Reads an integer TLV's value as `TlvView::integer` does.
std::optional<std::uint32_t> tlv_integer(ByteView value);
/// Reads a text TLV's value as `TlvView::text` does.
std::string_view tlv_text(ByteView value);

inline std::optional<std::uint32_t> TlvView::integer(Tag tag) const {
    const auto value = find(tag);
    return value ? tlv_integer(*value) : std::nullopt;
}
inline std::optional<std::string_view> TlvView::text(Tag tag) const {
    const auto value = find(tag);
    return value ? std::optional(tlv_text(*value)) : std::nullopt;
}

/// Writes TLVs one after the other into octets of the caller. A TLV that does not fit is left out whole, and the call
/// says false.
class TlvWriter {
public:
    explicit TlvWriter(MutableBytes to) : to_(to) {}

    bool octets(Tag tag, ByteView value) {
        std::uint8_t* at = begin(tag, value.size());
        if (at == nullptr) return false;
        if (!value.empty()) std::memcpy(at, value.data(), value.size());
        return true;
    }
    /// A C-octet string: the NUL is added.
    bool text(Tag tag, std::string_view value) {
        std::uint8_t* at = begin(tag, value.size() + 1);
        if (at == nullptr) return false;
        if (!value.empty()) std::memcpy(at, value.data(), value.size());
        at[value.size()] = 0;
        return true;
    }
    /// An integer in the width that the specification gives the tag; for tags of SMPP's own only.
    bool integer(Tag tag, std::uint32_t value);

    /// What has been written so far.
    TlvView view() const { return TlvView(ByteView(to_.data(), size_)); }
    std::size_t size() const { return size_; }

private:
    std::uint8_t* begin(Tag tag, std::size_t length) {
        if (length > 0xFFFF || to_.size() - size_ < tlv_header_size + length) return nullptr;
        std::uint8_t* at = to_.data() + size_;
        store_be(at, static_cast<std::uint16_t>(tag));
        store_be(at + 2, static_cast<std::uint16_t>(length));
        size_ += tlv_header_size + length;
        return at + tlv_header_size;
    }
    MutableBytes to_;
    std::size_t size_ = 0;
};

}  // namespace sluice::smpp
