#include "engine/session/window.hpp"

#include <algorithm>
#include <utility>

#include "engine/base/check.hpp"

namespace sluice::session {

namespace {
constexpr std::uint32_t last_sequence_number = 0x7FFFFFFF;
constexpr std::size_t first_slots = 16;
}  // namespace

Window::Window(std::uint32_t limit, std::uint32_t last_sequence) : limit_(limit), last_sequence_(last_sequence) {
    SLUICE_CHECK(limit >= 1 && limit <= 65535 && last_sequence <= last_sequence_number);
}

std::uint32_t Window::draw_sequence() {
    do {
        last_sequence_ = last_sequence_ == last_sequence_number ? 1 : last_sequence_ + 1;
    } while (!slots_.empty() && slots_[index_of(last_sequence_)].request.sequence != 0);
    return last_sequence_;
}

std::uint32_t Window::add(smpp::CommandId command, std::uint64_t cookie, MonoTime sent) {
    SLUICE_CHECK(!full());
    if (2 * (size_ + 1) > slots_.size()) grow();
    const std::uint32_t sequence = draw_sequence();
    link_newest({cookie, sent, sequence, command});
    ++size_;
    return sequence;
}

std::optional<Window::Request> Window::take(std::uint32_t sequence) {
    if (!command_of(sequence)) return std::nullopt;
    const Slot slot = std::exchange(slots_[index_of(sequence)], Slot{});
    (slot.older == none ? oldest_ : slots_[slot.older].newer) = slot.newer;
    (slot.newer == none ? newest_ : slots_[slot.newer].older) = slot.older;
    --size_;
    return slot.request;
}

const Window::Request* Window::oldest() const { return oldest_ == none ? nullptr : &slots_[oldest_].request; }

std::optional<smpp::CommandId> Window::command_of(std::uint32_t sequence) const {
    if (slots_.empty() || sequence == 0) return std::nullopt;
    const Request& request = slots_[index_of(sequence)].request;
    return request.sequence == sequence ? std::optional(request.command) : std::nullopt;
}

void Window::release_memory() {
    if (empty()) slots_ = std::vector<Slot>();
}

void Window::link_newest(const Request& request) {
    const std::uint32_t index = index_of(request.sequence);
    slots_[index] = {request, newest_, none};
    (newest_ == none ? oldest_ : slots_[newest_].newer) = index;
    newest_ = index;
}

void Window::grow() {
    const std::vector<Slot> old =
        std::exchange(slots_, std::vector<Slot>(std::max(first_slots, 2 * slots_.size())));
    newest_ = none;
    // Numbers that differ in their low bits still do so with one bit more: nothing collides.
    for (std::uint32_t at = std::exchange(oldest_, none); at != none; at = old[at].newer) link_newest(old[at].request);
}

}  // namespace sluice::session
