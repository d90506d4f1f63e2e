#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "engine/base/bytes.hpp"
#include "engine/base/check.hpp"

namespace sluice {

/// Octets on their way out of a link: written at the tail, taken from the head, kept contiguous so that one system
/// call sends everything a turn has produced. Capacity grows to what is used and is kept. The bound on its size is the
/// writer's duty (see limits.hpp): a session stops reading its peer while `size()` is above the high-water mark.
class OutBuffer {
public:
    OutBuffer() = default;
    OutBuffer(OutBuffer&& other) noexcept { *this = std::move(other); }
    /// `other` is empty afterwards.
    OutBuffer& operator=(OutBuffer&& other) noexcept {
        if (this == &other) return *this;
        storage_ = std::move(other.storage_);
        capacity_ = std::exchange(other.capacity_, 0);
        head_ = std::exchange(other.head_, 0);
        tail_ = std::exchange(other.tail_, 0);
        return *this;
    }

    /// Room for `n` octets at the tail; valid until the next call. Follow with `commit(written)`.
    std::uint8_t* reserve(std::size_t n) {
        if (capacity_ - tail_ < n) make_room(n);
        return storage_.get() + tail_;
    }
    void commit(std::size_t n) {
        SLUICE_CHECK(tail_ + n <= capacity_);
        tail_ += n;
    }
    void append(ByteView bytes) {
        if (bytes.empty()) return;
        std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
        commit(bytes.size());
    }
    void consume(std::size_t n) {
        SLUICE_CHECK(head_ + n <= tail_);
        head_ += n;
        if (head_ == tail_) head_ = tail_ = 0;
    }
    ByteView view() const { return {storage_.get() + head_, tail_ - head_}; }
    std::size_t size() const { return tail_ - head_; }
    bool empty() const { return head_ == tail_; }
    void clear() { head_ = tail_ = 0; }
    /// Gives memory back once a burst is over; for idle sessions, which must stay small.
    void shrink() {
        if (empty()) *this = OutBuffer();
    }
    std::size_t capacity() const { return capacity_; }

private:
    void make_room(std::size_t n) {
        const std::size_t used = size();
        if (head_ > 0 && capacity_ - used >= n) {
            std::memmove(storage_.get(), storage_.get() + head_, used);
        } else {
            const std::size_t larger = std::max<std::size_t>({2 * capacity_, used + n, 512});
            auto moved = std::make_unique_for_overwrite<std::uint8_t[]>(larger);
            if (used > 0) std::memcpy(moved.get(), storage_.get() + head_, used);
            storage_ = std::move(moved);
            capacity_ = larger;
        }
        head_ = 0;
        tail_ = used;
    }

    std::unique_ptr<std::uint8_t[]> storage_;
    std::size_t capacity_ = 0;
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
};

}  // namespace sluice
