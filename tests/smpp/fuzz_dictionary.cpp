// Prints a libFuzzer dictionary of the protocol, from its tables: command ids, statuses, TLV heads, receipt keys.

#include <cstdio>

#include "codecs/smpp/command.hpp"
#include "codecs/smpp/status.hpp"
#include "codecs/smpp/tag.hpp"
#include "codecs/smpp/values.hpp"

namespace {

void print(std::string_view name, std::uint64_t value, int octets) {
    std::printf("# %.*s\n\"", static_cast<int>(name.size()), name.data());
    for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8)
        std::printf("\\x%02x", static_cast<unsigned>(value >> shift & 0xFF));
    std::printf("\"\n");
}

}  // namespace

int main() {
    using namespace sluice::smpp;
    for (const Command& row : commands) print(row.name, static_cast<std::uint32_t>(row.value), 4);
    for (const Status& row : statuses) print(row.name, static_cast<std::uint32_t>(row.value), 4);
    for (const TlvRow& row : tlv_rows)
        print(row.name, std::uint64_t{static_cast<std::uint16_t>(row.value)} << 16 | row.min_length, 4);
    for (const char* key : {"id:", " sub:", " dlvrd:", " submit date:", " done date:", " stat:", " err:", " text:"})
        std::printf("\"%s\"\n", key);
    for (const MessageStateRow& row : message_states)
        std::printf("\"%.*s\"\n", static_cast<int>(row.stat.size()), row.stat.data());
    for (const char* time : {"240131120000004+", "000001000000000R"}) std::printf("\"%s\"\n", time);
}
