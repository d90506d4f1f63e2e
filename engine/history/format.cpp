#include "engine/history/format.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <numeric>
#include <utility>

namespace sluice::history {

namespace {

constexpr std::uint32_t block_magic = 0x326b'6c62;

std::uint64_t checksum_of(BlockHeader header, ByteView stretches) {
    header.checksum = 0;
    const std::uint64_t seed = XXH3_64bits(&header, sizeof header);
    return XXH3_64bits_withSeed(stretches.data(), stretches.size(), seed);
}

/// By key, keeping the order of what has the same: three passes of eleven bits.
void sort_by_key(std::vector<IndexEntry>& entries) {
    constexpr unsigned bits = 11;
    std::vector<IndexEntry> others(entries.size());
    for (unsigned shift = 0; shift < 32; shift += bits) {
        const auto digit = [=](const IndexEntry& entry) { return entry.key >> shift & ((1u << bits) - 1); };
        std::array<std::uint32_t, 1u << bits> places{};
        for (const IndexEntry& entry : entries) ++places[digit(entry)];
        std::exclusive_scan(places.begin(), places.end(), places.begin(), 0u);
        for (const IndexEntry& entry : entries) others[places[digit(entry)]++] = entry;
        entries.swap(others);
    }
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

void Index::add(std::uint32_t key) {
    const IndexEntry entry{key, static_cast<std::uint32_t>(offsets.size())};
    if (std::exchange(lately_[key % lately_.size()], entry) != entry) entries.push_back(entry);
}

void Index::add(const Block& block, std::uint32_t offset) {
    first = std::min(first, block.header.first);
    last = std::max(last, block.header.last);
    RecordReader records(block.stretches);
    while (const auto record = records.next()) {
        if (record->id != 0) add(key_of_message(record->id));
        if (record->event == TraceEvent::response && !record->tail.empty())
            add(key_hash(Key::provider_id, record->tail));
        if (record->event == TraceEvent::receipt_pdu)
            add(key_hash(Key::provider_id, as_bytes(read_receipt_pdu(record->tail).message_id)));
        if (record->event == TraceEvent::accepted)
            add(key_hash(Key::destination, as_bytes(read_addresses(record->tail).destination)));
    }
    offsets.push_back(offset);
}

std::size_t Index::finish() {
    sort_by_key(entries);
    const auto same = std::ranges::unique(entries);
    entries.erase(same.begin(), same.end());
    return sizeof(IndexHeader) + offsets.size() * sizeof offsets[0] + entries.size() * sizeof entries[0];
}

void Index::encode(std::uint8_t* to) const {
    const IndexHeader header{index_magic, static_cast<std::uint32_t>(offsets.size()),
                             static_cast<std::uint32_t>(entries.size()), first, last};
    const std::size_t offsets_size = offsets.size() * sizeof offsets[0];
    const std::size_t entries_size = entries.size() * sizeof entries[0];
    std::memcpy(to, &header, sizeof header);
    if (offsets_size > 0) std::memcpy(to + sizeof header, offsets.data(), offsets_size);
    if (entries_size > 0) std::memcpy(to + sizeof header + offsets_size, entries.data(), entries_size);
}

std::optional<IndexHeader> read_index_header(std::uint64_t size, const ReadAt& read) {
    IndexHeader header;
    if (size < sizeof header || !read(0, reinterpret_cast<std::uint8_t*>(&header), sizeof header)) return std::nullopt;
    const std::uint64_t wanted = sizeof header + std::uint64_t{header.blocks} * sizeof(std::uint32_t) +
                                 std::uint64_t{header.entries} * sizeof(IndexEntry);
    if (header.magic != index_magic || whole_units(wanted) != size || header.first > header.last) return std::nullopt;
    return header;
}

std::vector<std::uint32_t> block_offsets(const IndexHeader& header, const ReadAt& read) {
    std::vector<std::uint32_t> offsets(header.blocks);
    if (!read(sizeof header, reinterpret_cast<std::uint8_t*>(offsets.data()), offsets.size() * sizeof offsets[0]))
        return {};
    return offsets;
}

std::vector<std::uint32_t> look_up(const IndexHeader& header, std::uint32_t key, const ReadAt& read) {
    const std::uint64_t count = header.entries;
    const std::uint64_t entries_at = sizeof header + std::uint64_t{header.blocks} * sizeof(std::uint32_t);
    const std::uint64_t guess = key * count >> 32;
    std::vector<std::uint32_t> offsets;
    std::vector<IndexEntry> window;
    // Keys are spread evenly: the first window has them but for one time in thousands.
    for (std::uint64_t reach = 1024; count > 0; reach *= 4) {
        const std::uint64_t from = guess > reach ? guess - reach : 0, to = std::min(count, guess + reach);
        window.resize(to - from);
        if (!read(entries_at + from * sizeof(IndexEntry), reinterpret_cast<std::uint8_t*>(window.data()),
                  window.size() * sizeof(IndexEntry)))
            return {};
        const bool left = from == 0 || window.front().key < key, right = to == count || window.back().key > key;
        if (!left || !right) {
            if (from == 0 && to == count) return {};  // out of order: damaged
            continue;
        }
        for (const IndexEntry& entry : window) {
            std::uint32_t offset = 0;
            if (entry.key == key && entry.block < header.blocks &&
                read(sizeof header + std::uint64_t{entry.block} * sizeof offset,
                     reinterpret_cast<std::uint8_t*>(&offset), sizeof offset))
                offsets.push_back(offset);
        }
        break;
    }
    std::ranges::sort(offsets);
    return offsets;
}

}  // namespace sluice::history
