#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

#include "engine/base/bytes.hpp"

namespace sluice::smpp {

/// Reads one entry from the front of `from` and moves `from` behind it; false, with `from` as it was, when the octets
/// hold no whole entry. Defined for Destination, UnsuccessSme and LastMessage.
template <class Entry>
bool read_entry(ByteView& from, Entry& entry);

/// Writes one entry; returns its size, or 0 and nothing written when it does not fit.
template <class Entry>
std::size_t write_entry(const Entry& entry, MutableBytes to);

/// A counted list inside a body, kept as received and read while iterating. Any octets will do; iteration ends with
/// the count or where an entry would not fit.
template <class Entry>
class ListView {
public:
    constexpr ListView() = default;
    constexpr ListView(ByteView raw, std::uint8_t count) : raw_(raw), count_(count) {}

    class Iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Entry;
        using difference_type = std::ptrdiff_t;

        Iterator() = default;
        Iterator(ByteView rest, std::uint8_t count) : rest_(rest), left_(count + 1u) { ++*this; }

        const Entry& operator*() const { return entry_; }
        const Entry* operator->() const { return &entry_; }
        Iterator& operator++() {
            --left_;
            entry_ = Entry();
            if (left_ > 0 && !read_entry(rest_, entry_)) left_ = 0;
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const Iterator& it, std::default_sentinel_t) { return it.left_ == 0; }

    private:
        ByteView rest_;
        Entry entry_;
        unsigned left_ = 0;  ///< entries from the present one on
    };

    Iterator begin() const { return Iterator(raw_, count_); }
    std::default_sentinel_t end() const { return {}; }
    std::size_t size() const { return count_; }
    bool empty() const { return count_ == 0; }
    ByteView raw() const { return raw_; }

private:
    ByteView raw_;
    std::uint8_t count_ = 0;
};

/// Builds a list in octets of the caller.
template <class Entry>
class ListWriter {
public:
    explicit ListWriter(MutableBytes to) : to_(to) {}

    /// False, and nothing written, when it does not fit or the list has 255 entries already.
    bool add(const Entry& entry) {
        if (count_ == 0xFF) return false;
        const std::size_t written = write_entry(entry, to_.subspan(size_));
        if (written == 0) return false;
        size_ += written;
        ++count_;
        return true;
    }
    ListView<Entry> view() const { return {ByteView(to_.data(), size_), count_}; }

private:
    MutableBytes to_;
    std::size_t size_ = 0;
    std::uint8_t count_ = 0;
};

}  // namespace sluice::smpp
