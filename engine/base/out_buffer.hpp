#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "engine/base/bytes.hpp"
#include "engine/base/check.hpp"

namespace sluice {

/// Octets on their way out of a link: written at the tail, taken from the head, kept contiguous so that one system
/// call sends everything a turn has produced. Capacity grows to what is used and is kept. The bound on its size is the
/// writer's duty (see limits.hpp): a session stops reading its peer while `size()` is above the high-water mark.
class OutBuffer {
public:
    /// Room for `n` octets at the tail; valid until the next call. Follow with `commit(written)`.
    std::uint8_t* reserve(std::size_t n) {
        if (storage_.size() - tail_ < n) make_room(n);
        return storage_.data() + tail_;
    }
    void commit(std::size_t n) {
        SLUICE_CHECK(tail_ + n <= storage_.size());
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
    ByteView view() const { return {storage_.data() + head_, tail_ - head_}; }
    std::size_t size() const { return tail_ - head_; }
    bool empty() const { return head_ == tail_; }
    void clear() { head_ = tail_ = 0; }
    /// Gives memory back once a burst is over; for idle sessions, which must stay small.
    void shrink() {
        if (empty()) storage_ = std::vector<std::uint8_t>();  // `= {}` would keep the capacity
    }
    std::size_t capacity() const { return storage_.size(); }

private:
    void make_room(std::size_t n) {
        const std::size_t used = size();
        if (head_ > 0 && storage_.size() - used >= n) {
            std::memmove(storage_.data(), storage_.data() + head_, used);
        } else {
            std::vector<std::uint8_t> larger(std::max<std::size_t>({2 * storage_.size(), used + n, 512}));
            if (used > 0) std::memcpy(larger.data(), storage_.data() + head_, used);
            storage_ = std::move(larger);
        }
        head_ = 0;
        tail_ = used;
    }

    std::vector<std::uint8_t> storage_;
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
};

}  // namespace sluice
