#include "engine/history/format.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <span>
#include <utility>

namespace sluice::history {

namespace {

constexpr std::uint32_t block_magic = 0x326b'6c62;

std::uint64_t checksum_of(BlockHeader header, ByteView stretches) {
    header.checksum = 0;
    const std::uint64_t seed = XXH3_64bits(&header, sizeof header);
    return XXH3_64bits_withSeed(stretches.data(), stretches.size(), seed);
}

}  // namespace

bool BlockWriter::add(ByteView stretch) {
    if (header_.size + stretch.size() > block_octets) return false;
    StretchHeader its;
    std::memcpy(&its, stretch.data(), sizeof its);
    std::memcpy(octets_.data() + sizeof header_ + header_.size, stretch.data(), stretch.size());
    if (empty()) header_.first = header_.last = its.at;
    header_.size += static_cast<std::uint32_t>(stretch.size());
    header_.first = std::min(header_.first, its.at);
    header_.last = std::max(header_.last, its.at);
    header_.records += its.records;
    return true;
}

Block BlockWriter::finish() {
    const ByteView stretches{octets_.data() + sizeof header_, header_.size};
    header_.magic = block_magic;
    header_.checksum = checksum_of(header_, stretches);
    std::memcpy(octets_.data(), &header_, sizeof header_);
    return {header_, stretches};
}

std::optional<Block> read_block(ByteView octets) {
    Block block;
    if (octets.size() < sizeof block.header) return std::nullopt;
    std::memcpy(&block.header, octets.data(), sizeof block.header);
    octets = octets.subspan(sizeof block.header);
    if (block.header.magic != block_magic || block.header.size > octets.size() ||
        block.header.size > block_octets)
        return std::nullopt;
    block.stretches = octets.first(block.header.size);
    if (checksum_of(block.header, block.stretches) != block.header.checksum) return std::nullopt;
    return block;
}

std::uint32_t key_hash(Key key, ByteView octets) {
    return static_cast<std::uint32_t>(
        XXH3_64bits_withSeed(octets.data(), octets.size(), static_cast<std::uint64_t>(key)) >> 32);
}

void Index::add(const Block& block, std::uint32_t offset) {
    first = std::min(first, block.header.first);
    last = std::max(last, block.header.last);
    const auto number = static_cast<std::uint32_t>(offsets.size());
    const auto add_text = [&](Key kind, ByteView text) { entries.push_back({key_hash(kind, text), number}); };
    RecordReader records(block.stretches);
    while (const auto record = records.next()) {
        if (record->id != 0) {
            const IndexEntry entry{key_of_message(record->id), number};
            // The lowest octet is the node's, the same for all; those above it count.
            IndexEntry& lately = lately_[record->id / 256 % lately_.size()];
            if (std::exchange(lately, entry) != entry) entries.push_back(entry);
        }
        if (record->event == TraceEvent::response && !record->tail.empty()) add_text(Key::provider_id, record->tail);
        if (record->event == TraceEvent::receipt_pdu)
            add_text(Key::provider_id, as_bytes(read_receipt_pdu(record->tail).message_id));
        if (record->event == TraceEvent::accepted)
            add_text(Key::destination, as_bytes(read_addresses(record->tail).destination));
    }
    offsets.push_back(offset);
}

void Index::clear() {
    first = INT64_MAX;
    last = INT64_MIN;
    offsets.clear();
    entries.clear();
    std::ranges::fill(lately_, IndexEntry{0, UINT32_MAX});
}

void Index::encode(const std::function<void(ByteView)>& write) {
    std::array<std::uint32_t, index_buckets> starts{};
    for (const IndexEntry& entry : entries) ++starts[index_bucket_of(entry.key)];
    std::exclusive_scan(starts.begin(), starts.end(), starts.begin(), 0u);
    if (ordered_.size() < entries.size()) ordered_.resize(entries.size());
    auto places = starts;
    for (const IndexEntry& entry : entries) ordered_[places[index_bucket_of(entry.key)]++] = entry;

    const IndexHeader header{index_magic, static_cast<std::uint32_t>(offsets.size()),
                             static_cast<std::uint32_t>(entries.size()), first, last};
    const auto octets_of = [](const auto* from, std::size_t count) {
        return ByteView(reinterpret_cast<const std::uint8_t*>(from), count * sizeof *from);
    };
    write(octets_of(&header, 1));
    write(octets_of(starts.data(), starts.size()));
    write(octets_of(offsets.data(), offsets.size()));
    write(octets_of(ordered_.data(), entries.size()));
}

namespace {

constexpr std::uint64_t starts_at = sizeof(IndexHeader);
constexpr std::uint64_t offsets_at = starts_at + index_buckets * sizeof(std::uint32_t);

std::uint64_t entries_at(const IndexHeader& header) {
    return offsets_at + std::uint64_t{header.blocks} * sizeof(std::uint32_t);
}

template <class Value>
bool read_values(const ReadAt& read, std::uint64_t offset, std::span<Value> to) {
    return read(offset, reinterpret_cast<std::uint8_t*>(to.data()), to.size_bytes());
}

}  // namespace

std::optional<IndexHeader> read_index_header(std::uint64_t size, const ReadAt& read) {
    IndexHeader header;
    if (size < sizeof header || !read_values(read, 0, std::span(&header, 1))) return std::nullopt;
    const std::uint64_t wanted = entries_at(header) + std::uint64_t{header.entries} * sizeof(IndexEntry);
    if (header.magic != index_magic || storage::whole_disk_blocks(wanted) != size || header.first > header.last)
        return std::nullopt;
    return header;
}

std::vector<std::uint32_t> block_offsets(const IndexHeader& header, const ReadAt& read) {
    std::vector<std::uint32_t> offsets(header.blocks);
    if (!read_values(read, offsets_at, std::span(offsets))) return {};
    return offsets;
}

std::vector<std::uint32_t> look_up(const IndexHeader& header, std::uint32_t key, const ReadAt& read) {
    const std::size_t bucket = index_bucket_of(key);
    std::array<std::uint32_t, 2> range{0, header.entries};
    const std::size_t known = bucket + 1 < index_buckets ? 2 : 1;  // behind the last one comes no other
    if (!read_values(read, starts_at + bucket * sizeof range[0], std::span(range).first(known))) return {};

    std::vector<std::uint32_t> offsets;
    std::vector<IndexEntry> window;
    constexpr std::uint32_t at_once = 4096;
    const std::uint32_t end = std::min(range[1], header.entries);
    for (std::uint32_t from = range[0]; from < end; from += static_cast<std::uint32_t>(window.size())) {
        window.resize(std::min(at_once, end - from));
        if (!read_values(read, entries_at(header) + std::uint64_t{from} * sizeof(IndexEntry), std::span(window)))
            return {};
        for (const IndexEntry& entry : window) {
            std::uint32_t offset = 0;
            if (entry.key == key && entry.block < header.blocks &&
                read_values(read, offsets_at + std::uint64_t{entry.block} * sizeof offset, std::span(&offset, 1)))
                offsets.push_back(offset);
        }
    }
    std::ranges::sort(offsets);
    const auto same = std::ranges::unique(offsets);
    offsets.erase(same.begin(), same.end());
    return offsets;
}

}  // namespace sluice::history
