#pragma once

#include <array>
#include <string>
#include <vector>

#include "engine/base/bytes.hpp"
#include "engine/base/result.hpp"
#include "engine/base/slab.hpp"
#include "engine/io/socket.hpp"
#include "engine/io/uring.hpp"

namespace sluice::relay {

/// A group-committed journal: what a turn brings is gathered into a batch, one batch at a time is written with O_DIRECT
/// and O_DSYNC, and the next one gathers meanwhile. The file is written full of zeros first and then used round and
/// round, so that a write changes no metadata. A batch is a header of 24 octets (number, octets, XXH3 of the
/// contents, little-endian), PDUs as they came, and zeros up to whole blocks.
class Journal {
public:
    /// A request that goes on when its batch is on the disk.
    struct Waiting {
        Handle to;
        std::uint32_t number = 0;  ///< its sequence_number from there on
        std::uint32_t at = 0;      ///< of the PDU, in the batch
        std::uint32_t size = 0;
    };

    /// Makes the file. It fails where the file system has no O_DIRECT, as those in memory had not for long.
    static Result<Journal> create(const std::string& path);
    Journal(Journal&& other) noexcept;
    Journal& operator=(Journal&&) = delete;
    ~Journal();

    /// Records a request, which is to be sent to `to` as `number` later. False when the batch is full.
    bool add_request(ByteView pdu, Handle to, std::uint32_t number);
    /// Records an answer, which need not wait; its first octets suffice.
    void add_answer(ByteView pdu);

    /// Starts to write what has been gathered, unless a write is under way.
    void start_write(io::Uring& ring);
    /// The write has ended; ends the process when it failed. `pass_on(waiting, pdu)` for each request of the batch.
    template <class PassOn>
    void complete(int result, PassOn&& pass_on) {
        Batch& batch = finish(result);
        for (const Waiting& waiting : batch.waiting)
            pass_on(waiting, ByteView(batch.octets + waiting.at, waiting.size));
        batch.waiting.clear();
        batch.size = header_size;
    }

private:
    static constexpr std::size_t header_size = 24;
    struct Batch {
        std::uint8_t* octets = nullptr;
        std::size_t size = header_size;
        std::vector<Waiting> waiting;
    };

    Journal() = default;
    std::uint32_t append(ByteView pdu);
    Batch& finish(int result);

    io::Fd file_;
    std::array<Batch, 2> batches_;
    unsigned gathering_ = 0;
    bool writing_ = false;
    std::size_t written_size_ = 0;
    std::uint64_t offset_ = 0;
    std::uint64_t number_ = 0;
};

}  // namespace sluice::relay
