#include "engine/reactor/mesh.hpp"

namespace sluice::reactor {

Mesh::Mesh(std::size_t shards, std::size_t ring_bytes) : shards_(shards), wakes_(shards) {
    SLUICE_CHECK(shards > 0 && shards <= limits::max_shards);
    channels_.reserve(shards * shards);
    for (std::size_t i = 0; i < shards * shards; ++i) channels_.push_back(std::make_unique<Channel>(ring_bytes));
}

bool Mesh::Port::send(std::size_t to, std::uint32_t type, ByteView record) {
    return send(to, type, record.size(), [&](std::uint8_t* at) {
        if (!record.empty()) std::memcpy(at, record.data(), record.size());
    });
}

void Mesh::Port::flush() {
    for (std::size_t to = 0; to < mesh_->shards_; ++to)
        if (mesh_->channel(shard_, to).ring.publish() && to != shard_) mesh_->wakes_[to]();
}

std::size_t Mesh::Port::receive(const Receive& handler) {
    std::size_t total = 0;
    for (std::size_t from = 0; from < mesh_->shards_; ++from) {
        Channel& channel = mesh_->channel(from, shard_);
        const std::size_t count = channel.ring.read(
            [&](std::uint32_t type, ByteView record) { handler(from, type, record); });
        total += count;
        if (count > 0 && channel.writer_waits.exchange(false, std::memory_order_acq_rel)) mesh_->wakes_[from]();
    }
    return total;
}

bool Mesh::Port::has_records() {
    for (std::size_t from = 0; from < mesh_->shards_; ++from)
        if (!mesh_->channel(from, shard_).ring.empty()) return true;
    return false;
}

}  // namespace sluice::reactor
