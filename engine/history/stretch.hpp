#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>

#include "engine/base/bytes.hpp"
#include "engine/history/event.hpp"

/// A *stretch*: records that one shard noted at one time, as they lie in its ring
/// and in the files alike. A header, then of each record
///
///     1 octet   the event in five bits, whether it is wide, whether it has a tail
///     8 octets  the message's id
///     3 octets  the party in two, the status in one; 4 and 4 where it is wide, as one of them has no room otherwise
///     2 octets  how long the tail is, if it has one; the tail
///
/// Numbers are in the machine's order, as in the store.
namespace sluice::history {

struct StretchHeader {
    std::int64_t at = 0;        ///< of all its records; microseconds since 1970
    std::uint32_t size = 0;     ///< octets of the records
    std::uint32_t records = 0;
};
static_assert(sizeof(StretchHeader) == 16);

/// With its header. A record with the longest tail fits.
inline constexpr std::size_t max_stretch = 64 * 1024;

namespace stretch {

inline constexpr std::uint8_t event_bits = 0x1f, wide = 0x20, has_tail = 0x40;
inline constexpr std::size_t most_before_tail = 1 + 8 + 4 + 4 + 2;
static_assert(trace_events <= event_bits + 1 && sizeof(StretchHeader) + most_before_tail + max_tail <= max_stretch);

template <class Number>
std::uint8_t* write(std::uint8_t* to, Number number) {
    std::memcpy(to, &number, sizeof number);
    return to + sizeof number;
}

}  // namespace stretch

/// Gathers a stretch.
class StretchWriter {
public:
    /// Whether a record of that time with so long a tail goes with those that are there.
    bool takes(std::int64_t at, std::size_t tail) const { return at == at_ && to_ + tail <= last_; }
    /// Begins one, which takes any record of that time; what was gathered is gone.
    void begin(std::int64_t at) {
        at_ = at;
        records_ = 0;
        to_ = octets_.get() + sizeof(StretchHeader);
    }
    /// It must be taken; `fill(std::uint8_t* to)` writes the tail, `size` octets (at most `max_tail`).
    template <class Fill>
    void add(std::uint64_t id, TraceEvent event, std::uint32_t party, std::uint32_t status, std::size_t size,
             Fill&& fill) {
        const bool wide = (party >> 16 | status >> 8) != 0;
        const auto first = static_cast<std::uint8_t>(static_cast<std::uint8_t>(event) | (wide ? stretch::wide : 0) |
                                                     (size != 0 ? stretch::has_tail : 0));
        std::uint8_t* to = stretch::write(stretch::write(to_, first), id);
        if (!wide) [[likely]]
            to = stretch::write(stretch::write(to, static_cast<std::uint16_t>(party)),
                                static_cast<std::uint8_t>(status));
        else to = stretch::write(stretch::write(to, party), status);
        if (size != 0) {
            to = stretch::write(to, static_cast<std::uint16_t>(size));
            fill(to);
            to += size;
        }
        to_ = to;
        ++records_;
    }

    std::uint32_t records() const { return records_; }
    /// The whole stretch; good until the next `begin`. Nothing is taken until then.
    ByteView finish() {
        const auto used = static_cast<std::size_t>(to_ - octets_.get());
        stretch::write(octets_.get(),
                       StretchHeader{at_, static_cast<std::uint32_t>(used - sizeof(StretchHeader)), records_});
        at_ = none;
        records_ = 0;
        return {octets_.get(), used};
    }

private:
    static constexpr std::int64_t none = INT64_MIN;  // no record has that time

    std::int64_t at_ = none;
    std::uint32_t records_ = 0;
    std::unique_ptr<std::uint8_t[]> octets_ = std::make_unique_for_overwrite<std::uint8_t[]>(max_stretch);
    std::uint8_t* to_ = octets_.get();
    const std::uint8_t* const last_ = octets_.get() + max_stretch - stretch::most_before_tail;
};

/// Goes through the records of stretches that lie one behind the other. Takes any octets: it ends where they are no
/// stretch, or no record.
class RecordReader {
public:
    explicit RecordReader(ByteView stretches) : rest_(stretches) {}

    /// Its tail lies in the stretches.
    std::optional<Record> next() {
        while (records_.empty())
            if (!next_stretch()) return std::nullopt;
        Record record;
        const std::uint8_t first = take<std::uint8_t>();
        record.event = TraceEvent{static_cast<std::uint8_t>(first & stretch::event_bits)};
        record.at = at_;
        record.id = take<std::uint64_t>();
        if (first & stretch::wide) {
            record.party = take<std::uint32_t>();
            record.status = take<std::uint32_t>();
        } else {
            record.party = take<std::uint16_t>();
            record.status = take<std::uint8_t>();
        }
        const std::size_t tail = first & stretch::has_tail ? take<std::uint16_t>() : 0;
        damaged_ = damaged_ || static_cast<std::size_t>(record.event) >= trace_events || tail > records_.size();
        if (damaged_) [[unlikely]] {
            rest_ = records_ = {};
            return std::nullopt;
        }
        record.tail = records_.first(tail);
        records_ = records_.subspan(tail);
        return record;
    }

private:
    bool next_stretch() {
        StretchHeader header;
        if (rest_.size() < sizeof header) return false;
        std::memcpy(&header, rest_.data(), sizeof header);
        rest_ = rest_.subspan(sizeof header);
        if (header.size > rest_.size()) return false;
        at_ = header.at;
        records_ = rest_.first(header.size);
        rest_ = rest_.subspan(header.size);
        return true;
    }
    template <class Number>
    Number take() {
        Number number{};
        if (records_.size() < sizeof number) {
            damaged_ = true;
            return number;
        }
        std::memcpy(&number, records_.data(), sizeof number);
        records_ = records_.subspan(sizeof number);
        return number;
    }

    ByteView rest_;     ///< stretches to come
    ByteView records_;  ///< what is to come of the present one
    std::int64_t at_ = 0;
    bool damaged_ = false;
};

}  // namespace sluice::history
