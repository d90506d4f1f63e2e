#include "engine/gateway/receipt_run.hpp"

#include <cstring>

namespace sluice::gateway {

using storage::Key;

namespace {

constexpr std::size_t words_per_piece = receipt_rows::value_bytes / sizeof(std::uint64_t);
constexpr std::size_t blocks_per_piece = words_per_piece / ReceiptFilter::words_per_block;
constexpr std::size_t filter_words_per_piece = blocks_per_piece * ReceiptFilter::words_per_block;

/// A piece of some array that is kept in rows of `words` each.
bool restore_piece(std::vector<std::uint64_t>& array, std::uint64_t piece, std::size_t words, ByteView value) {
    const std::size_t count = value.size() / sizeof(std::uint64_t);
    if (value.size() % sizeof(std::uint64_t) != 0 || count > words || piece > (1u << 24)) return false;
    const std::size_t at = static_cast<std::size_t>(piece) * words;
    if (array.size() < at + count) array.resize(at + count);
    std::memcpy(array.data() + at, value.data(), value.size());
    return true;
}

}  // namespace

// ---- a run

std::uint64_t ReceiptRun::page_of(std::uint64_t key) const {
    const auto behind = std::ranges::upper_bound(first_keys, key);
    return static_cast<std::uint64_t>(behind - first_keys.begin()) - 1;
}

void ReceiptRun::kill(std::uint64_t position) {
    if (position >= header.entries || is_dead(position)) return;
    const std::size_t word = position / 64;
    if (dead_.empty()) dead_.resize(header.entries / 64 + 1);
    dead_[word] |= 1ull << (position % 64);
    ++dead_count_;
    const std::size_t piece = word / words_per_piece;
    if (dead_changed_.size() <= piece) dead_changed_.resize(piece + 1);
    dead_changed_[piece] = true;
}

void ReceiptRun::write_dead(const std::function<void(Key, ByteView)>& put) {
    // Not each by itself: a row of which it is lost is asked for once more, and its home says that it is over.
    if (dead_count_ - dead_written_ <= header.entries / 16) return;
    dead_written_ = dead_count_;
    for (std::size_t piece = 0; piece < dead_changed_.size(); ++piece) {
        if (!dead_changed_[piece]) continue;
        dead_changed_[piece] = false;
        const std::size_t at = piece * words_per_piece;
        put({header.number, receipt_rows::dead | piece},
            octets_of_values(dead_.data() + at, std::min(words_per_piece, dead_.size() - at)));
    }
}

bool ReceiptRun::restore(Key key, ByteView value) {
    const std::uint64_t piece = key.low & receipt_rows::piece_mask;
    switch (key.low & ~receipt_rows::piece_mask) {
        case receipt_rows::filter: return restore_piece(filter.words(), piece, filter_words_per_piece, value);
        case receipt_rows::first_keys: return restore_piece(first_keys, piece, words_per_piece, value);
        case receipt_rows::dead: return restore_piece(dead_, piece, words_per_piece, value);
        default: return false;
    }
}

bool ReceiptRun::finish_restore() {
    const std::uint64_t pages = (header.entries + receipt_rows::entries_per_page - 1) / receipt_rows::entries_per_page;
    if (first_keys.size() != pages || filter.words().empty() ||
        filter.words().size() % ReceiptFilter::words_per_block != 0)
        return false;
    if (!dead_.empty()) dead_.resize(header.entries / 64 + 1);
    for (const std::uint64_t word : dead_) dead_count_ += static_cast<std::uint64_t>(std::popcount(word));
    dead_written_ = dead_count_;
    return true;
}

// ---- writing one

ReceiptRunWriter::ReceiptRunWriter(std::uint64_t number, std::uint64_t rank, std::uint64_t entries, Put put)
    : put_(std::move(put)) {
    run_.header = {RunHeader::State::building, number, rank, entries, 0};
    run_.filter = ReceiptFilter(entries);
    run_.first_keys.reserve(entries / receipt_rows::entries_per_page + 1);
    page_.reserve(receipt_rows::entries_per_page);
    put_header();
}

void ReceiptRunWriter::put_header() { put_({0, run_.header.number}, octets_of_values(&run_.header, 1)); }

void ReceiptRunWriter::add(const ReceiptEntry& entry) {
    SLUICE_CHECK(page_.empty() || page_.back().key < entry.key);
    SLUICE_CHECK(written_ + page_.size() < run_.header.entries);
    if (page_.size() == receipt_rows::entries_per_page) put_page();
    if (page_.empty()) run_.first_keys.push_back(entry.key);
    page_.push_back(entry);
    put_filter(run_.filter.block_of(entry.key));
    run_.filter.add(entry.key);
}

void ReceiptRunWriter::put_page() {
    put_({run_.header.number, run_.first_keys.size() - 1}, octets_of_values(page_.data(), page_.size()));
    written_ += page_.size();
    page_.clear();
    put_first_keys(run_.first_keys.size() / words_per_piece * words_per_piece);
}

/// Blocks below this one will not change any more.
void ReceiptRunWriter::put_filter(std::size_t up_to_block) {
    const auto& words = run_.filter.words();
    for (; (filter_pieces_ + 1) * blocks_per_piece <= up_to_block; ++filter_pieces_)
        put_({run_.header.number, receipt_rows::filter | filter_pieces_},
             octets_of_values(words.data() + filter_pieces_ * filter_words_per_piece, filter_words_per_piece));
}

void ReceiptRunWriter::put_first_keys(std::size_t up_to) {
    const auto& keys = run_.first_keys;
    for (std::size_t at = first_key_pieces_ * words_per_piece; at < up_to; at += words_per_piece, ++first_key_pieces_)
        put_({run_.header.number, receipt_rows::first_keys | first_key_pieces_},
             octets_of_values(keys.data() + at, std::min(words_per_piece, up_to - at)));
}

ReceiptRun ReceiptRunWriter::finish() {
    if (!page_.empty()) put_page();
    put_first_keys(run_.first_keys.size());
    const auto& words = run_.filter.words();
    for (std::size_t at = filter_pieces_ * filter_words_per_piece; at < words.size(); at += filter_words_per_piece) {
        put_({run_.header.number, receipt_rows::filter | filter_pieces_},
             octets_of_values(words.data() + at, std::min(filter_words_per_piece, words.size() - at)));
        ++filter_pieces_;
    }
    run_.header.entries = written_;
    run_.header.state = RunHeader::State::whole;
    put_header();
    return std::move(run_);
}

}  // namespace sluice::gateway
