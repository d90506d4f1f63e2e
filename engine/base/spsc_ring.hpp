#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>

#include "engine/base/bytes.hpp"
#include "engine/base/check.hpp"

namespace sluice {

/// Records of any length from one writing thread to one reading thread. The octets are copied into the ring, so nothing
/// is shared but the ring itself. A record is contiguous and starts
/// at a multiple of eight; the reader sees it in place.
///
/// Both sides work in batches: written records become visible at `publish`, read ones free their room when `read`
/// returns, so a batch costs each side one store to a shared cache line. Each side keeps a copy of the other's index
/// and looks at the real one only when the copy says full or empty.
class SpscRing {
public:
    /// `capacity` in octets: a power of two from 64 to 2^31.
    explicit SpscRing(std::size_t capacity)
        : mask_(capacity - 1), octets_(std::make_unique_for_overwrite<std::uint64_t[]>(capacity / sizeof(Header))) {
        SLUICE_CHECK(std::has_single_bit(capacity) && capacity >= 64 && capacity <= (std::size_t{1} << 31));
    }

    /// The largest record: half of the ring, so that an empty ring always has room for it, wherever its indices stand.
    std::size_t max_record() const { return (mask_ + 1) / 2 - sizeof(Header); }

    // ---- the writer's side
    /// Appends a record of `size` octets (at most `max_record()`) with a tag of the caller's; `fill(std::uint8_t* to)`
    /// writes exactly `size` octets. False, and nothing happens, when there is no room. Not visible before `publish`.
    template <class Fill>
    bool try_write(std::uint32_t tag, std::size_t size, Fill&& fill) {
        SLUICE_CHECK(size <= max_record());
        const std::size_t needed = space(size);
        const std::size_t to_end = mask_ + 1 - (written_ & mask_);
        const std::size_t padding = needed > to_end ? to_end : 0;
        if (!has_room(padding + needed)) return false;
        if (padding > 0) {
            put_header(written_, {skip_to_start, 0});
            written_ += padding;
        }
        put_header(written_, {static_cast<std::uint32_t>(size), tag});
        fill(at(written_ + sizeof(Header)));
        written_ += needed;
        return true;
    }
    bool try_write(std::uint32_t tag, ByteView record) {
        return try_write(tag, record.size(), [&](std::uint8_t* to) {
            if (!record.empty()) std::memcpy(to, record.data(), record.size());
        });
    }
    /// Shows the reader what was written since the last call. True when that was anything.
    bool publish() {
        if (published_.load(std::memory_order_relaxed) == written_) return false;
        published_.store(written_, std::memory_order_release);
        return true;
    }

    // ---- the reader's side
    /// Visits, in order, up to `max` of the records that are there at the call: `visit(std::uint32_t tag, ByteView
    /// record)`; the view is good until the visit returns. Returns how many there were.
    template <class Visit>
    std::size_t read(Visit&& visit, std::size_t max = SIZE_MAX) {
        seen_published_ = published_.load(std::memory_order_acquire);
        std::size_t count = 0;
        while (count < max && read_ != seen_published_) {
            const Header header = get_header(read_);
            if (header.size == skip_to_start) {
                read_ += mask_ + 1 - (read_ & mask_);
                continue;
            }
            visit(header.tag, ByteView{at(read_ + sizeof(Header)), header.size});
            read_ += space(header.size);
            ++count;
        }
        if (count > 0) released_.store(read_, std::memory_order_release);
        return count;
    }
    /// Whether `read` would find nothing.
    bool empty() {
        if (read_ != seen_published_) return false;
        seen_published_ = published_.load(std::memory_order_acquire);
        return read_ == seen_published_;
    }

private:
    struct Header {
        std::uint32_t size;
        std::uint32_t tag;
    };
    static constexpr std::uint32_t skip_to_start = UINT32_MAX;
    static constexpr std::size_t cache_line = 64;

    static std::size_t space(std::size_t size) { return sizeof(Header) + ((size + 7) & ~std::size_t{7}); }
    std::uint8_t* at(std::uint64_t index) {
        return reinterpret_cast<std::uint8_t*>(octets_.get()) + (index & mask_);
    }
    void put_header(std::uint64_t index, Header header) { std::memcpy(at(index), &header, sizeof header); }
    Header get_header(std::uint64_t index) {
        Header header;
        std::memcpy(&header, at(index), sizeof header);
        return header;
    }
    bool has_room(std::size_t needed) {
        if (written_ + needed - seen_released_ <= mask_ + 1) return true;
        seen_released_ = released_.load(std::memory_order_acquire);
        return written_ + needed - seen_released_ <= mask_ + 1;
    }

    const std::size_t mask_;
    const std::unique_ptr<std::uint64_t[]> octets_;  // 64-bit for the alignment of records

    // Indices only grow; an octet's place is its index modulo the capacity.
    alignas(cache_line) std::uint64_t written_ = 0;  // the writer's own line
    std::uint64_t seen_released_ = 0;
    alignas(cache_line) std::atomic<std::uint64_t> published_{0};
    alignas(cache_line) std::uint64_t read_ = 0;  // the reader's own line
    std::uint64_t seen_published_ = 0;
    alignas(cache_line) std::atomic<std::uint64_t> released_{0};
};

}  // namespace sluice
