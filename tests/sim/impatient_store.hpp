#pragma once

#include <memory>

#include "storage/sim_store.hpp"

namespace sluice::sim {

/// Where a run is cut off, as if the machine had stopped: thrown out of a store.
struct Interrupted {};

/// A simulated store for code that waits for its commits: whoever looks for a completion has it, until the steps of all
/// stores together are used up.
class ImpatientStore final : public storage::Store {
public:
    /// `steps`: commits that may still happen, counted down; the one after the last throws Interrupted. Null: no end.
    ImpatientStore(storage::SimDisk& disk, const Clock& clock, std::size_t* steps = nullptr)
        : store_(disk, clock), steps_(steps) {}

    std::uint64_t next_batch() const override { return store_.next_batch(); }
    void submit(storage::Batch batch) override { store_.submit(std::move(batch)); }
    bool poll(storage::Completion& completion) override {
        if (steps_ != nullptr && (*steps_)-- == 0) throw Interrupted();
        store_.step();
        return store_.poll(completion);
    }
    Result<void> replay(const std::function<void(std::uint64_t number, ByteView segment)>& visit) override {
        return store_.replay(visit);
    }
    storage::LoadResult load_now(const storage::LoadRequest& request) override { return store_.load_now(request); }
    storage::StoreStats stats() const override { return store_.stats(); }
    /// The disk is full.
    void set_stalled(bool stalled) { store_.set_stalled(stalled); }

private:
    storage::SimStore store_;
    std::size_t* steps_;
};

}  // namespace sluice::sim
