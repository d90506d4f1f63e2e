#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "engine/history/files.hpp"

namespace sluice::history {

/// As Core::note_accepted has it.
inline std::vector<std::uint8_t> addresses(std::string_view source, std::string_view destination) {
    std::vector<std::uint8_t> tail{static_cast<std::uint8_t>(source.size())};
    tail.insert(tail.end(), source.begin(), source.end());
    tail.insert(tail.end(), destination.begin(), destination.end());
    return tail;
}

/// Visits the records of stretches that lie one behind the other.
template <class Visit>
void for_each_record(ByteView stretches, Visit&& visit) {
    RecordReader reader(stretches);
    while (const auto record = reader.next()) visit(*record);
}

inline void add(StretchWriter& writer, const Record& record) {
    writer.add(record.id, record.event, record.party, record.status, record.tail.size(),
               [&](std::uint8_t* to) { std::ranges::copy(record.tail, to); });
}

/// A stretch of one record.
inline std::vector<std::uint8_t> stretch_of(const Record& record) {
    StretchWriter writer;
    writer.begin(record.at);
    add(writer, record);
    const ByteView whole = writer.finish();
    return {whole.begin(), whole.end()};
}

/// A block as its file has it.
inline ByteView whole(BlockWriter& writer) {
    writer.finish();
    return writer.on_disk();
}

/// An index likewise.
inline std::vector<std::uint8_t> whole(Index& index) {
    std::vector<std::uint8_t> octets;
    index.encode([&](ByteView part) { octets.insert(octets.end(), part.begin(), part.end()); });
    octets.resize(storage::whole_disk_blocks(octets.size()));
    return octets;
}

inline std::int64_t micros(WallTime at) { return at.time_since_epoch().count(); }
inline const WallTime noon{std::chrono::sys_days(std::chrono::year(2026) / 3 / 4) + std::chrono::hours(12)};

}  // namespace sluice::history
