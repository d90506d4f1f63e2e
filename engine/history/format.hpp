#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "engine/base/bytes.hpp"
#include "engine/history/stretch.hpp"
#include "storage/direct_buffer.hpp"

/// What the history looks like on disk. A *segment* is a file of blocks, only ever appended to; beside it stands, once
/// it is complete, its *index*: where the blocks are, and which blocks know a key. Both are written past the page
/// cache, so blocks and the index end with zeroes up to a multiple of `storage::disk_block`. Both may have been damaged
/// since: every reader below takes any octets. Numbers are in the machine's order, as in the store.
namespace sluice::history {

/// Stands before a block's stretches.
struct BlockHeader {
    std::uint32_t magic = 0;
    std::uint32_t size = 0;      ///< octets of the stretches
    std::uint64_t checksum = 0;  ///< of everything else in the header, and the stretches
    std::int64_t first = 0;      ///< the earliest record; microseconds since 1970, as the next one
    std::int64_t last = 0;       ///< the latest
    std::uint32_t records = 0;
    std::uint32_t unused = 0;
};
static_assert(sizeof(BlockHeader) == 40);

/// Of a block's stretches. The larger it is, the fewer blocks have events of the same message, and so the smaller is
/// the index; a look-up reads whole blocks.
inline constexpr std::size_t max_block = 256 * 1024;  ///< with its header
inline constexpr std::size_t block_octets = max_block - sizeof(BlockHeader);

/// A whole block: the stretches lie behind its header.
struct Block {
    BlockHeader header;
    ByteView stretches;
    std::size_t size() const { return sizeof(BlockHeader) + stretches.size(); }
    std::size_t size_on_disk() const { return storage::whole_disk_blocks(size()); }
};

/// Gathers stretches to one block.
class BlockWriter {
public:
    /// A whole stretch. False when the block must be taken first, as it has no room for it.
    bool add(ByteView stretch);
    bool empty() const { return header_.records == 0; }
    /// The whole block; good until the next `add` or `clear`.
    Block finish();
    /// That, as it is written.
    ByteView on_disk() const { return octets_.filled(sizeof header_ + header_.size); }
    void clear() { header_ = {}; }

private:
    BlockHeader header_;  ///< its `size` counts as stretches come
    storage::DirectBuffer octets_{max_block};
};

/// The block that `octets` begin with; nothing when they do not begin with a whole one.
std::optional<Block> read_block(ByteView octets);

/// Under which keys a record can be found, besides its message's id: the texts that people have in hand.
enum class Key : std::uint8_t { provider_id = 1, destination };
std::uint32_t key_hash(Key key, ByteView octets);
/// Ids count upwards: multiplied like this they are spread as evenly as hashes, for less.
inline std::uint32_t key_of_message(std::uint64_t id) {
    return static_cast<std::uint32_t>(id * 0x9e37'79b9'7f4a'7c15u >> 32);
}

/// One key, one block that may have it.
struct IndexEntry {
    std::uint32_t key = 0;
    std::uint32_t block = 0;
    friend auto operator<=>(const IndexEntry&, const IndexEntry&) = default;
};

/// Entries lie in buckets, by the highest bits of their keys; within a bucket in the order of blocks. To sort them
/// would cost more than everything else about the index, and a look-up reads some pages either way.
inline constexpr unsigned index_bucket_bits = 10;
inline constexpr std::size_t index_buckets = 1u << index_bucket_bits;
constexpr std::size_t index_bucket_of(std::uint32_t key) { return key >> (32 - index_bucket_bits); }

/// Stands at the beginning of an index; then come four octets for each bucket, the number of entries in those before
/// it; the blocks' offsets, four octets each; the entries.
struct IndexHeader {
    std::uint64_t magic = 0;
    std::uint32_t blocks = 0;
    std::uint32_t entries = 0;
    std::int64_t first = 0;  ///< of all records, as in BlockHeader
    std::int64_t last = 0;
};
static_assert(sizeof(IndexHeader) == 32);
inline constexpr std::uint64_t index_magic = 0x3378'6469'736c'7531;

/// Of one segment, in memory while it is written.
struct Index {
    std::int64_t first = INT64_MAX, last = INT64_MIN;
    std::vector<std::uint32_t> offsets;
    std::vector<IndexEntry> entries;  ///< in the order of blocks; some are there twice

    /// Takes up a block that begins at `offset`.
    void add(const Block& block, std::uint32_t offset);
    /// Empty again; keeps its memory for the next segment.
    void clear();
    /// As the file has it, `write(ByteView)` part after part. Of what is above it only reads.
    void encode(const std::function<void(ByteView)>& write);

private:
    std::vector<IndexEntry> lately_{4096, IndexEntry{0, UINT32_MAX}};  ///< of messages, whose events lie together
    std::vector<IndexEntry> ordered_;
};

/// Reads `size` octets at `offset` to `to`; false when they are not there.
using ReadAt = std::function<bool(std::uint64_t offset, std::uint8_t* to, std::size_t size)>;

/// The header, if `size` octets can be an index.
std::optional<IndexHeader> read_index_header(std::uint64_t size, const ReadAt& read);
/// Offsets of the blocks that may know `key`, in ascending order. Reads the key's bucket.
std::vector<std::uint32_t> look_up(const IndexHeader& header, std::uint32_t key, const ReadAt& read);
/// All of them.
std::vector<std::uint32_t> block_offsets(const IndexHeader& header, const ReadAt& read);

}  // namespace sluice::history
