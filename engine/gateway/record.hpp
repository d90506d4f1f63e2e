#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/base/bytes.hpp"
#include "engine/base/result.hpp"
#include "engine/gateway/message.hpp"
#include "engine/gateway/movement.hpp"
#include "storage/segment_octets.hpp"

/// What a shard writes. A journal segment is a run of records; a row of Table::message is the payload of a `snapshot`.
/// Little-endian, as the machines that we run on; the store's format version guards against others.
namespace sluice::gateway {

enum class RecordType : std::uint8_t {
    snapshot = 1,  ///< everything about a message: when it is accepted, and after replace_sm
    sent = 2,      ///< the provider took it: receipt key, provider, provider id
    retry = 3,     ///< a try failed: provider, attempts, due time
    report = 4,    ///< it reached a final state and its receipt is to be delivered
    done = 5,      ///< nothing is owed any more
    settled = 6,   ///< from here on its rows speak for it
    movement = 7,  ///< of credits: says nothing of the message itself
};

void write_snapshot(storage::SegmentOctets& to, const Message& message);
void write_sent(storage::SegmentOctets& to, const Message& message);
void write_retry(storage::SegmentOctets& to, const Message& message);
void write_report(storage::SegmentOctets& to, const Message& message);
void write_done(storage::SegmentOctets& to, MessageId id);
void write_settled(storage::SegmentOctets& to, MessageId id);
/// `text`: movement.text_size octets.
void write_movement(std::vector<std::uint8_t>& to, const Movement& movement, std::string_view text);
/// The same again, from a record's payload.
void write_movement(std::vector<std::uint8_t>& to, MessageId id, ByteView payload);

/// One record as found in a segment.
struct Record {
    RecordType type{};
    MessageId id = 0;
    ByteView payload;
};

/// Takes the next record off `segment`. False at its end, or where the segment makes no sense (`damaged` is set).
bool next_record(ByteView& segment, Record& record, bool& damaged);

/// The whole message of a snapshot's payload or a row's value. Stage `sending` and `committing` come back as `queued`:
/// what was in flight is sent again.
bool read_snapshot(ByteView payload, Message& message);
/// A movement and the octets behind it.
bool read_movement(ByteView payload, Movement& movement, std::string_view& text);
/// Applies `sent`, `retry` or `report` to a message that is known.
bool apply_record(const Record& record, Message& message);

/// The value of a row of Table::message.
void encode_row(std::vector<std::uint8_t>& to, const Message& message);

}  // namespace sluice::gateway
