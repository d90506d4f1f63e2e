#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::smpp {

/// Finds the rows of a constant table: by value in one step, by name in a few.
/// A row has `.value` and `.name`; `Slot(value)` spreads the values over [0, Slots), or says `Slots` or more for a
/// value that no row can have.
template <const auto& Rows, auto Slot, std::size_t Slots>
class Lookup {
    using Row = typename std::remove_cvref_t<decltype(Rows)>::value_type;
    using Value = decltype(Row::value);
    static constexpr std::uint8_t none = 0xFF;
    static_assert(Rows.size() < none);

    static constexpr auto by_slot = [] {
        std::array<std::uint8_t, Slots> slots{};
        slots.fill(none);
        for (std::size_t i = 0; i < Rows.size(); ++i) slots[Slot(Rows[i].value)] = static_cast<std::uint8_t>(i);
        return slots;
    }();
    static constexpr auto by_name = [] {
        std::array<std::uint8_t, Rows.size()> order{};
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint8_t>(i);
        std::sort(order.begin(), order.end(),
                  [](std::uint8_t a, std::uint8_t b) { return Rows[a].name < Rows[b].name; });
        return order;
    }();

public:
    static constexpr const Row* find(Value value) {
        const std::size_t slot = Slot(value);
        if (slot >= Slots || by_slot[slot] == none) return nullptr;
        return &Rows[by_slot[slot]];
    }
    static constexpr const Row* find(std::string_view name) {
        const auto found = std::lower_bound(by_name.begin(), by_name.end(), name, [](std::uint8_t row, auto wanted) {
            return Rows[row].name < wanted;
        });
        if (found == by_name.end() || Rows[*found].name != name) return nullptr;
        return &Rows[*found];
    }
};

}  // namespace sluice::smpp
