#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/base/check.hpp"

namespace sluice {

/// A handle into a Slab: stale handles are recognised by their generation, so late completions, timers and ring
/// records about something already gone are harmless.
struct Handle {
    std::uint32_t index = UINT32_MAX;
    std::uint32_t generation = 0;

    bool valid() const { return index != UINT32_MAX; }
    std::uint64_t packed() const { return (std::uint64_t{generation} << 32) | index; }
    static Handle unpack(std::uint64_t v) {
        return {static_cast<std::uint32_t>(v), static_cast<std::uint32_t>(v >> 32)};
    }
    friend bool operator==(Handle, Handle) = default;
};

/// Objects of one type at stable addresses, reused through a free list, reached by generation-checked handles. They lie
/// in chunks, so that finding one touches a small table and the object itself and nothing else.
template <class T>
class Slab {
public:
    template <class... Args>
    Handle emplace(Args&&... args) {
        std::uint32_t index;
        if (free_.empty()) {
            index = used_;
            if (index % per_chunk == 0) chunks_.push_back(std::make_unique<Slot[]>(per_chunk));
            ++used_;
        } else {
            index = free_.back();
            free_.pop_back();
        }
        Slot& slot = slot_at(index);
        make(slot, std::forward<Args>(args)...);
        slot.live = true;
        ++live_;
        return {index, slot.generation};
    }

    T* find(Handle handle) {
        if (handle.index >= used_) return nullptr;
        Slot& slot = slot_at(handle.index);
        return slot.live && slot.generation == handle.generation ? &slot.value : nullptr;
    }
    T& at(Handle handle) {
        T* found = find(handle);
        SLUICE_CHECK(found != nullptr);
        return *found;
    }

    void erase(Handle handle) {
        SLUICE_CHECK(handle.index < used_);
        Slot& slot = slot_at(handle.index);
        SLUICE_CHECK(slot.live && slot.generation == handle.generation);
        slot.live = false;
        ++slot.generation;
        std::destroy_at(&slot.value);
        free_.push_back(handle.index);
        --live_;
    }

    std::size_t size() const { return live_; }

    template <class Visit>
    void for_each(Visit&& visit) {
        for (std::uint32_t i = 0; i < used_; ++i)
            if (Slot& slot = slot_at(i); slot.live) visit(Handle{i, slot.generation}, slot.value);
    }

private:
    /// What is larger than two lines of the cache begins with one, so that its fields can be laid out by lines.
    static constexpr std::size_t cache_line = 64;
    static constexpr bool by_lines = sizeof(T) > 2 * cache_line;
    struct alignas(std::max(by_lines ? cache_line : alignof(std::uint32_t), alignof(T))) Slot {
        std::uint32_t generation = 1;  // before the value: on the cache line of what is looked at first
        bool live = false;
        union {
            T value;  // while live
        };
        Slot() {}
        ~Slot() {
            if (live) std::destroy_at(&value);
        }
    };
    static constexpr std::size_t chunk_octets = 32 * 1024;
    static constexpr std::uint32_t per_chunk =
        std::bit_floor(static_cast<std::uint32_t>(std::max<std::size_t>(1, chunk_octets / sizeof(Slot))));

    /// Where it lies, instead of by assignment, which would make it elsewhere first.
    template <class... Args>
    static void make(Slot& slot, Args&&... args) noexcept {
        std::construct_at(&slot.value, std::forward<Args>(args)...);
    }
    Slot& slot_at(std::uint32_t index) { return chunks_[index / per_chunk][index % per_chunk]; }

    std::vector<std::unique_ptr<Slot[]>> chunks_;
    std::uint32_t used_ = 0;  ///< slots that were ever taken
    std::vector<std::uint32_t> free_;
    std::size_t live_ = 0;
};

}  // namespace sluice
