#pragma once

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "storage/lmdb_store.hpp"
#include "storage/sim_store.hpp"
#include "tests/storage/temporary_directory.hpp"

/// The same life for every kind of store: open, submit, wait for completions, open again.
namespace sluice::storage {

class LmdbHarness {
public:
    LmdbHarness() : LmdbHarness(false) {}
    Store& store() { return *store_; }
    void reopen() {
        if (owner_write_) end_owner_write();
        store_.reset();
        open();
    }
    Completion wait() {
        Completion completion;
        for (;;) {
            const std::uint32_t seen = wakes_.load();
            if (owner_write_) end_owner_write();
            if (store_->poll(completion)) return completion;
            wakes_.wait(seen);
        }
    }

protected:
    explicit LmdbHarness(bool owner_writes) : owner_writes_(owner_writes) { open(); }
    /// What becomes of the owner's next writes, instead of the write: octets, or a negated errno.
    std::function<std::optional<int>(std::size_t size)> strike_ = [](std::size_t) { return std::nullopt; };
    int owner_wrote_ = 0;

private:
    void open() {
        LmdbOptions options;
        options.path = directory_ / "store";
        options.max_bytes = std::uint64_t{1} << 30;
        options.journal_file_bytes = 64 << 10;  // so that files change often
        options.wake = [this] {
            wakes_.fetch_add(1);
            wakes_.notify_one();
        };
        if (owner_writes_)
            options.write_file = [this](int fd, std::uint64_t offset, ByteView octets, auto done) {
                SLUICE_CHECK(!owner_write_);
                owner_write_ = [=, this] {
                    if (const auto instead = strike_(octets.size())) return done(*instead);
                    const auto n = ::pwrite(fd, octets.data(), octets.size(), static_cast<off_t>(offset));
                    done(n < 0 ? -errno : static_cast<int>(n));
                };
                return true;
            };
        auto opened = LmdbStore::open(std::move(options));
        SLUICE_CHECK(opened.has_value());
        store_ = std::move(*opened);
    }
    void end_owner_write() {
        ++owner_wrote_;
        std::exchange(owner_write_, nullptr)();
    }

    TemporaryDirectory directory_;
    const bool owner_writes_;
    std::atomic<std::uint32_t> wakes_{0};
    std::function<void()> owner_write_;  ///< under way, until somebody waits
    std::unique_ptr<Store> store_;
};

/// The same with writes by the owner, when the committer rests.
class OwnerWritingHarness : public LmdbHarness {
public:
    OwnerWritingHarness() : LmdbHarness(true) {}
    using LmdbHarness::strike_;
    int owner_wrote() const { return owner_wrote_; }
};

class StoppedClock final : public Clock {
public:
    MonoTime mono() const override { return now; }
    WallTime wall() const override { return {}; }
    MonoTime now{};
};

class SimHarness {
public:
    SimHarness() { open(); }
    Store& store() { return *store_; }
    SimStore& sim() { return *store_; }
    StoppedClock& clock() { return clock_; }
    const SimDisk& disk() const { return disk_; }
    /// As LMDB does when closed, finishes what was submitted.
    void reopen() {
        while (store_->step()) {}
        open();
    }
    void crash() {
        store_->crash();
        open();
    }
    Completion wait() {
        Completion completion;
        while (!store_->poll(completion)) SLUICE_CHECK(store_->step());
        return completion;
    }
    SimOptions options;

private:
    void open() {
        ++options.seed;
        store_.emplace(disk_, clock_, options);
    }

    SimDisk disk_;
    StoppedClock clock_;
    std::optional<SimStore> store_;
};

inline Batch numbered(Store& store) {
    Batch batch;
    batch.number = store.next_batch();
    return batch;
}

inline std::vector<std::uint8_t> octets(std::string_view text) { return {text.begin(), text.end()}; }
inline std::vector<std::uint8_t> copy_of(ByteView octets) { return {octets.begin(), octets.end()}; }
inline std::vector<std::uint8_t> repeated(std::size_t size, std::uint8_t octet) {
    return std::vector<std::uint8_t>(size, octet);
}

/// A queue row's value: the id of its message, native order.
inline ByteView id_octets(const std::uint64_t& id) {
    return {reinterpret_cast<const std::uint8_t*>(&id), sizeof id};
}

struct Segment {
    std::uint64_t number;
    std::vector<std::uint8_t> octets;
    friend bool operator==(const Segment&, const Segment&) = default;
};

inline std::vector<Segment> journal_of(Store& store) {
    std::vector<Segment> segments;
    const auto replayed = store.replay([&](std::uint64_t number, ByteView segment) {
        segments.push_back({number, {segment.begin(), segment.end()}});
    });
    SLUICE_CHECK(replayed.has_value());
    return segments;
}

inline constexpr Key lowest_key{0, 0};
inline constexpr Key highest_key{UINT64_MAX, UINT64_MAX};

inline LoadRequest everything_of(Table table) {
    return {.table = table, .first = lowest_key, .last = highest_key, .limit = UINT32_MAX, .max_bytes = UINT32_MAX};
}

struct Row {
    Key key;
    std::vector<std::uint8_t> value;
    friend bool operator==(const Row&, const Row&) = default;
};

inline std::vector<Row> rows_of(const LoadResult& result) {
    std::vector<Row> rows;
    for (const LoadedRow& row : result.rows) {
        const ByteView value = result.value(row);
        rows.push_back({row.key, {value.begin(), value.end()}});
    }
    return rows;
}

}  // namespace sluice::storage
