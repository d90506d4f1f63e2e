#include "engine/session/window.hpp"

#include <algorithm>
#include <utility>

#include "engine/base/check.hpp"

namespace sluice::session {

namespace {
constexpr std::size_t first_slots = 16;
}  // namespace

Window::Window(std::uint32_t limit, std::uint32_t last_sequence) : limit_(limit), last_sequence_(last_sequence) {
    SLUICE_CHECK(limit >= 1 && limit <= 65535 && last_sequence <= last_sequence_number);
}

void Window::release_memory() {
    if (empty()) slots_ = std::vector<Slot>();
}

void Window::grow() {
    const std::vector<Slot> old =
        std::exchange(slots_, std::vector<Slot>(std::max(first_slots, 2 * slots_.size())));
    newest_ = none;
    // Numbers that differ in their low bits still do so with one bit more: nothing collides.
    for (std::uint32_t at = std::exchange(oldest_, none); at != none; at = old[at].newer) link_newest(old[at].request);
}

}  // namespace sluice::session
