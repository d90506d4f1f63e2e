#pragma once

#include <cstdint>
#include <deque>
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

/// Objects of one type at stable addresses, reused through a free list, reached by generation-checked handles.
template <class T>
class Slab {
public:
    template <class... Args>
    Handle emplace(Args&&... args) {
        std::uint32_t index;
        if (free_.empty()) {
            index = static_cast<std::uint32_t>(slots_.size());
            slots_.emplace_back();
        } else {
            index = free_.back();
            free_.pop_back();
        }
        Slot& slot = slots_[index];
        slot.value = T(std::forward<Args>(args)...);
        slot.live = true;
        ++live_;
        return {index, slot.generation};
    }

    T* find(Handle handle) {
        if (handle.index >= slots_.size()) return nullptr;
        Slot& slot = slots_[handle.index];
        return slot.live && slot.generation == handle.generation ? &slot.value : nullptr;
    }
    T& at(Handle handle) {
        T* found = find(handle);
        SLUICE_CHECK(found != nullptr);
        return *found;
    }

    void erase(Handle handle) {
        Slot& slot = slots_[handle.index];
        SLUICE_CHECK(slot.live && slot.generation == handle.generation);
        slot.live = false;
        ++slot.generation;
        slot.value = T();
        free_.push_back(handle.index);
        --live_;
    }

    std::size_t size() const { return live_; }

    template <class Visit>
    void for_each(Visit&& visit) {
        for (std::uint32_t i = 0; i < slots_.size(); ++i)
            if (slots_[i].live) visit(Handle{i, slots_[i].generation}, slots_[i].value);
    }

private:
    struct Slot {
        T value{};
        std::uint32_t generation = 1;
        bool live = false;
    };
    std::deque<Slot> slots_;
    std::vector<std::uint32_t> free_;
    std::size_t live_ = 0;
};

}  // namespace sluice
