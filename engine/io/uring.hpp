#pragma once

#include <liburing.h>

#include <cstdint>
#include <memory>
#include <string>

#include "engine/base/bytes.hpp"
#include "engine/base/result.hpp"
#include "engine/base/time.hpp"

/// Not for use outside of engine/io and bench/peers/relay.
namespace sluice::io {

/// An io_uring with a ring of provided buffers, which receives take from when octets have come: idle links hold none.
///
/// Needs Linux 6.1 for DEFER_TASKRUN: completions are produced only when this thread asks for them, so it is never
/// interrupted and many arrive together. Submitting is reserved to the thread of the first `submit`.
class Uring {
public:
    /// The error says what the kernel lacks or forbids.
    static Result<std::unique_ptr<Uring>> create();
    ~Uring();
    Uring(const Uring&) = delete;
    Uring& operator=(const Uring&) = delete;

    /// A cleared submission entry, which the next submit hands to the kernel. When the queue is full this submits.
    io_uring_sqe& entry();

    /// Submits what there is, and waits up to `timeout` unless completions are there already.
    void submit(nanoseconds timeout);

    /// Visits up to `max` completions: `visit(const io_uring_cqe&)`.
    template <class Visit>
    void completions(std::size_t max, Visit&& visit) {
        io_uring_cqe* completion = nullptr;
        for (std::size_t count = 0; count < max && io_uring_peek_cqe(&ring_, &completion) == 0; ++count) {
            const io_uring_cqe copy = *completion;
            io_uring_cqe_seen(&ring_, completion);
            visit(copy);
        }
        give_back_buffers();
    }

    /// The group of provided buffers, for IOSQE_BUFFER_SELECT.
    static constexpr std::uint16_t buffer_group = 0;
    /// The octets that came with a completion, if any did; once for each. They stay valid until `completions` returns:
    /// then the kernel gets the buffer again.
    ByteView take_received(const io_uring_cqe& completion);

private:
    static constexpr unsigned submissions = 1024;
    static constexpr unsigned completion_slots = 8192;
    static constexpr unsigned buffers = 256;
    static constexpr std::size_t buffer_octets = 16 * 1024;

    Uring() = default;
    int open();
    int provide_buffers();
    void give_back_buffers();
    void enable();

    io_uring ring_{};
    bool open_ = false;
    bool enabled_ = false;
    std::unique_ptr<std::uint8_t[]> octets_;
    void* buffer_ring_memory_ = nullptr;
    io_uring_buf_ring* buffer_ring_ = nullptr;
    int to_give_back_ = 0;
};

}  // namespace sluice::io
