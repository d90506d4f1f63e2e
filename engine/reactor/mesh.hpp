#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "engine/base/limits.hpp"
#include "engine/base/spsc_ring.hpp"

namespace sluice::reactor {

/// The rings between shards: one for each ordered pair, the pair of a shard with itself included so that callers need
/// not tell their own shard from others. Records are copied; nothing else is shared.
class Mesh {
public:
    /// What arrives: from which shard, the sender's type number, the octets (good until the call returns, starting at a
    /// multiple of eight).
    using Receive = std::function<void(std::size_t from, std::uint32_t type, ByteView record)>;
    /// Makes the shard's reactor look at its rings; callable from any thread.
    using Wake = std::function<void()>;

    explicit Mesh(std::size_t shards, std::size_t ring_bytes = limits::ring_bytes);

    std::size_t shards() const { return shards_; }

    /// One shard's end of the mesh; used on that shard's thread only.
    class Port {
    public:
        /// Copies a record of at most `limits::ring_record` octets towards shard `to`; it leaves at `flush`. False when
        /// the ring is full: keep the work and try again in a later turn; this shard is woken once there is room.
        bool send(std::size_t to, std::uint32_t type, ByteView record);
        /// The same, written in place: `fill(std::uint8_t* to)` writes exactly `size` octets.
        template <class Fill>
        bool send(std::size_t to, std::uint32_t type, std::size_t size, Fill&& fill) {
            Channel& channel = mesh_->channel(shard_, to);
            if (channel.ring.try_write(type, size, fill)) return true;
            // The reader's check of this flag comes after it has made room, ours of the room after setting the flag: so
            // either we find the room now or the reader wakes us.
            channel.writer_waits.exchange(true, std::memory_order_acq_rel);
            return channel.ring.try_write(type, size, fill);
        }
        /// Shows the other shards what was sent, and wakes each that got something. Once a turn.
        void flush();
        /// Hands over every record that is there at the call, of each shard in turn. Returns how many. Not a part of
        /// them: a turn's network input makes any number of records, and what others make of theirs has to keep pace.
        std::size_t receive(const Receive& handler);
        bool has_records();

        std::size_t shard() const { return shard_; }

    private:
        friend class Mesh;
        Port(Mesh& mesh, std::size_t shard) : mesh_(&mesh), shard_(shard) {}
        Mesh* mesh_;
        std::size_t shard_;
    };

    /// `wake` must be set for every shard before the first record is sent.
    Port port(std::size_t shard) { return Port(*this, shard); }
    void set_wake(std::size_t shard, Wake wake) { wakes_[shard] = std::move(wake); }

private:
    struct Channel {
        explicit Channel(std::size_t ring_bytes) : ring(ring_bytes) {}
        SpscRing ring;
        std::atomic<bool> writer_waits{false};  // the ring was full; wake its writer when it has room
    };
    Channel& channel(std::size_t from, std::size_t to) { return *channels_[from * shards_ + to]; }

    std::size_t shards_;
    std::vector<std::unique_ptr<Channel>> channels_;
    std::vector<Wake> wakes_;
};

}  // namespace sluice::reactor
