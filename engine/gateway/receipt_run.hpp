#pragma once

#include <functional>
#include <vector>

#include "engine/base/time.hpp"
#include "engine/gateway/receipt_table.hpp"
#include "storage/store.hpp"

namespace sluice::gateway {

/// Rows of Table::receipt:
///   (0, run)                          RunHeader: which runs there are, and what is to be cleared away
///   (run, page)                       up to `entries_per_page` entries, keys rising over all pages of a run
///   (run, filter | n), (run, first_keys | n), (run, dead | n)
///                                     what a run keeps in memory, in pieces of one page
///   (log | generation, n)             entries that are durable here and in no run yet: a LogHead, then entries in the
///                                     order they came
/// A value is at most what fits a page of the store by itself.
namespace receipt_rows {
inline constexpr std::uint64_t log = 1ull << 63;
inline constexpr std::uint64_t filter = 1ull << 40, first_keys = 2ull << 40, dead = 3ull << 40;
inline constexpr std::uint64_t piece_mask = (1ull << 40) - 1;
inline constexpr std::size_t value_bytes = 4080;
inline constexpr std::size_t entries_per_page = value_bytes / sizeof(ReceiptEntry);
inline constexpr std::size_t entries_per_log_row = entries_per_page - 1;

struct LogHead {
    std::int64_t until = 0;  ///< seconds since 1970: the latest time at which one of the entries may be asked for
    std::uint64_t reserved = 0;
};
static_assert(sizeof(LogHead) == sizeof(ReceiptEntry));
}  // namespace receipt_rows

struct RunHeader {
    enum class State : std::uint64_t {
        building = 1,  ///< being written: after a crash it is cleared away
        whole,
        dropped,       ///< its rows are being cleared away
    };
    State state{};
    std::uint64_t number = 0;  ///< its name, used once
    std::uint64_t rank = 0;    ///< the newest log generation in it: runs of a higher rank are asked first
    std::uint64_t entries = 0; ///< while building: at most
    std::int64_t until = 0;    ///< as LogHead::until
};
static_assert(sizeof(RunHeader) == 40);

/// Says of most keys that are not in a run that they are not: ten bits an entry, all of a key's in one line of cache.
/// One key in about a hundred is taken for one that might be there.
class ReceiptFilter {
public:
    static constexpr std::size_t words_per_block = 8;
    static constexpr std::size_t block_bytes = words_per_block * sizeof(std::uint64_t);

    ReceiptFilter() = default;
    explicit ReceiptFilter(std::uint64_t entries) : words_((entries * 10 / 512 + 1) * words_per_block) {}

    void add(std::uint64_t key) {
        visit(key, [](std::uint64_t& word, std::uint64_t bit) { return word |= bit, true; });
    }
    bool may_have(std::uint64_t key) const {
        return const_cast<ReceiptFilter*>(this)->visit(key, [](const std::uint64_t& word, std::uint64_t bit) {
            return (word & bit) != 0;
        });
    }
    /// Rises with the key.
    std::size_t block_of(std::uint64_t key) const {
        return static_cast<std::size_t>(static_cast<unsigned __int128>(key) * (words_.size() / words_per_block) >> 64);
    }
    std::vector<std::uint64_t>& words() { return words_; }
    const std::vector<std::uint64_t>& words() const { return words_; }

private:
    template <class Look>
    bool visit(std::uint64_t key, Look&& look) {
        std::uint64_t* const block = words_.data() + block_of(key) * words_per_block;
        std::uint64_t bits = (key ^ key >> 31) * 0xBF58476D1CE4E5B9u;
        bits ^= bits >> 29;
        for (int i = 0; i < 6; ++i, bits >>= 9)
            if (!look(block[bits >> 6 & 7], 1ull << (bits & 63))) return false;
        return true;
    }

    std::vector<std::uint64_t> words_;
};

/// A run on disk, as it is known in memory: about an octet and a half an entry.
class ReceiptRun {
public:
    RunHeader header;
    ReceiptFilter filter;
    std::vector<std::uint64_t> first_keys;  ///< of each page

    std::uint64_t pages() const { return first_keys.size(); }
    bool may_have(std::uint64_t key) const {
        return !first_keys.empty() && key >= first_keys.front() && filter.may_have(key);
    }
    /// The page that has the key if the run has it.
    std::uint64_t page_of(std::uint64_t key) const;

    // ---- entries that are over
    bool is_dead(std::uint64_t position) const {
        return position / 64 < dead_.size() && (dead_[position / 64] >> (position % 64) & 1) != 0;
    }
    void kill(std::uint64_t position);
    std::uint64_t dead() const { return dead_count_; }
    std::uint64_t live() const { return header.entries - dead_count_; }
    /// What changed of this since the last call, if it has become much.
    void write_dead(const std::function<void(storage::Key, ByteView)>& put);

    /// Takes a row of the run's; false if it makes no sense.
    bool restore(storage::Key key, ByteView value);
    /// After the last; false if it does not fit the header.
    bool finish_restore();

    std::size_t memory() const {
        return (filter.words().capacity() + first_keys.capacity() + dead_.capacity()) * sizeof(std::uint64_t);
    }

private:
    std::vector<std::uint64_t> dead_;
    std::vector<bool> dead_changed_;        ///< by piece
    std::uint64_t dead_count_ = 0;
    std::uint64_t dead_written_ = 0;
};

/// Writes a run, page by page, from entries in the order of their keys.
class ReceiptRunWriter {
public:
    using Put = std::function<void(storage::Key, ByteView)>;

    /// At most `entries` will come.
    ReceiptRunWriter(std::uint64_t number, std::uint64_t rank, std::uint64_t entries, Put put);

    void add(const ReceiptEntry& entry);
    /// Entries may be asked for until then, seconds since 1970.
    void not_before(std::int64_t until) { run_.header.until = std::max(run_.header.until, until); }
    std::uint64_t number() const { return run_.header.number; }
    /// Writes what is left and that the run is whole.
    ReceiptRun finish();

private:
    void put_page();
    void put_filter(std::size_t up_to_block);
    void put_first_keys(std::size_t up_to);
    void put_header();

    Put put_;
    ReceiptRun run_;
    std::vector<ReceiptEntry> page_;
    std::uint64_t written_ = 0;            ///< entries in pages that are written
    std::size_t filter_pieces_ = 0;        ///< written
    std::size_t first_key_pieces_ = 0;
};

template <class T>
ByteView octets_of_values(const T* values, std::size_t count) {
    return {reinterpret_cast<const std::uint8_t*>(values), count * sizeof(T)};
}

}  // namespace sluice::gateway
