#include "engine/io/uring.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "engine/base/check.hpp"

namespace sluice::io {

Result<std::unique_ptr<Uring>> Uring::create() {
    std::unique_ptr<Uring> uring(new Uring);
    if (const int error = uring->open())
        return fail("io_uring: needs Linux 6.1 or later and permission: " + std::system_category().message(error));
    if (const int error = uring->provide_buffers())
        return fail("io_uring: provided buffers: " + std::system_category().message(error));
    return uring;
}

int Uring::open() {
    io_uring_params params{};
    // R_DISABLED: the ring belongs to the thread that enables it, which need not be the one that made it.
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_R_DISABLED |
                   IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;
    params.cq_entries = completion_slots;
    const int result = io_uring_queue_init_params(submissions, &ring_, &params);
    open_ = result == 0;
    return -result;
}

int Uring::provide_buffers() {
    const std::size_t ring_octets = buffers * sizeof(io_uring_buf);
    void* memory = ::mmap(nullptr, ring_octets, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
    if (memory == MAP_FAILED) return errno;
    buffer_ring_memory_ = memory;
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(memory);
    registration.ring_entries = buffers;
    registration.bgid = buffer_group;
    if (const int result = io_uring_register_buf_ring(&ring_, &registration, 0)) return -result;

    buffer_ring_ = static_cast<io_uring_buf_ring*>(memory);
    io_uring_buf_ring_init(buffer_ring_);
    octets_ = std::make_unique_for_overwrite<std::uint8_t[]>(buffers * buffer_octets);
    for (unsigned id = 0; id < buffers; ++id)
        io_uring_buf_ring_add(buffer_ring_, &octets_[id * buffer_octets], buffer_octets,
                              static_cast<unsigned short>(id), io_uring_buf_ring_mask(buffers), static_cast<int>(id));
    io_uring_buf_ring_advance(buffer_ring_, buffers);
    return 0;
}

Uring::~Uring() {
    // First the ring, as the kernel may still write into the buffers until it is closed.
    if (open_) io_uring_queue_exit(&ring_);
    if (buffer_ring_memory_) ::munmap(buffer_ring_memory_, buffers * sizeof(io_uring_buf));
}

void Uring::enable() {
    if (enabled_) return;
    // By hand: liburing 2.3 declares io_uring_enable_rings and does not export it.
    const int result = io_uring_register(ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
    SLUICE_CHECK(result == 0);
    enabled_ = true;
}

io_uring_sqe& Uring::entry() {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    while (!sqe) {
        enable();
        io_uring_submit(&ring_);
        sqe = io_uring_get_sqe(&ring_);
    }
    return *sqe;
}

void Uring::submit(nanoseconds timeout) {
    enable();
    if (timeout <= nanoseconds::zero() || io_uring_cq_ready(&ring_) > 0) {
        io_uring_submit_and_get_events(&ring_);
        return;
    }
    const auto whole_seconds = std::chrono::duration_cast<seconds>(timeout);
    __kernel_timespec limit{.tv_sec = whole_seconds.count(), .tv_nsec = (timeout - whole_seconds).count()};
    io_uring_cqe* completion = nullptr;
    io_uring_submit_and_wait_timeout(&ring_, &completion, 1, &limit, nullptr);
}

ByteView Uring::take_received(const io_uring_cqe& completion) {
    if (!(completion.flags & IORING_CQE_F_BUFFER)) return {};
    const std::size_t id = completion.flags >> IORING_CQE_BUFFER_SHIFT;
    std::uint8_t* const octets = &octets_[id * buffer_octets];
    // Entered now, shown to the kernel in give_back_buffers.
    io_uring_buf_ring_add(buffer_ring_, octets, buffer_octets, static_cast<unsigned short>(id),
                          io_uring_buf_ring_mask(buffers), to_give_back_++);
    return {octets, static_cast<std::size_t>(std::max(completion.res, 0))};
}

void Uring::give_back_buffers() {
    if (to_give_back_ > 0) io_uring_buf_ring_advance(buffer_ring_, to_give_back_);
    to_give_back_ = 0;
}

}  // namespace sluice::io
