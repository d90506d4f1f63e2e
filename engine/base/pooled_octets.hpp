#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "engine/base/bytes.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

namespace sluice {

/// Octets of one owner that come and go by the million, such as messages' bodies. Blocks of up to `largest` octets are
/// kept by the thread that frees them, in sizes of `step`, the last one freed first out again: it is still in the
/// cache, and the allocator, which would merge and split it, is left alone. A thread keeps at most `kept` octets.
class PooledOctets {
public:
    static constexpr std::size_t step = 64;
    static constexpr std::size_t largest = 1024;
#if defined(__SANITIZE_ADDRESS__)
    static constexpr std::size_t kept = 0;  // so that AddressSanitizer sees every end of use
#else
    static constexpr std::size_t kept = 4 << 20;
#endif

    PooledOctets() = default;
    /// Not initialised.
    explicit PooledOctets(std::size_t size)
        : data_(size > 0 ? take(size) : nullptr), size_(static_cast<std::uint32_t>(size)) {}
    explicit PooledOctets(ByteView octets) : PooledOctets(octets.size()) {
        std::copy(octets.begin(), octets.end(), data_);
    }
    PooledOctets(PooledOctets&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    PooledOctets& operator=(PooledOctets&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~PooledOctets() {
        if (data_ != nullptr) give(data_, size_);
    }

    std::uint8_t* data() { return data_; }
    const std::uint8_t* data() const { return data_; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    ByteView view() const { return {data_, size_}; }
    operator ByteView() const { return view(); }

private:
    /// A block that is free holds the address of the next one.
    struct Block {
        Block* next;
    };
    struct Pool {
        std::array<Block*, largest / step> free{};
        std::size_t octets = 0;
        ~Pool() {
            octets = kept;  // what is freed after this thread's end is not kept
            for (Block*& first : free)
                while (first != nullptr) ::operator delete(std::exchange(first, first->next));
        }
    };
    static Pool& pool() {
        static thread_local Pool own;
        return own;
    }
    static constexpr std::size_t place(std::size_t size) { return (size - 1) / step; }

    static std::uint8_t* take(std::size_t size) {
        if (size > largest) return static_cast<std::uint8_t*>(::operator new(size));
        Pool& own = pool();
        Block*& first = own.free[place(size)];
        if (first == nullptr) return static_cast<std::uint8_t*>(::operator new((place(size) + 1) * step));
        own.octets -= (place(size) + 1) * step;
        return reinterpret_cast<std::uint8_t*>(std::exchange(first, first->next));
    }
    static void give(std::uint8_t* data, std::size_t size) {
        if (size <= largest) {
            Pool& own = pool();
            const std::size_t octets = (place(size) + 1) * step;
            if (own.octets + octets <= kept) {
                own.octets += octets;
                Block*& first = own.free[place(size)];
                first = new (data) Block{first};
                return;
            }
        }
        ::operator delete(data);
    }

    std::uint8_t* data_ = nullptr;
    std::uint32_t size_ = 0;
};

}  // namespace sluice
