// Any octets as a journal segment and as a row: damage is told and
// never read beyond, and what is read is written the same.

#include <cstddef>
#include <cstdint>

#include "engine/base/check.hpp"
#include "engine/gateway/record.hpp"

namespace {

using namespace sluice;
using namespace sluice::gateway;

void snapshot(ByteView payload) {
    Message m;
    if (!read_snapshot(payload, m)) return;
    // Once more through the writer: what comes back must be the same message.
    std::vector<std::uint8_t> first, second;
    encode_row(first, m);
    Message again;
    SLUICE_CHECK(read_snapshot(first, again));
    encode_row(second, again);
    SLUICE_CHECK(first == second);
    SLUICE_CHECK(again.id == m.id && again.body.size() == m.body.size() && again.provider_id == m.provider_id);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    snapshot({data, size});
    ByteView rest(data, size);
    Record record;
    bool damaged = false;
    Message m;
    while (next_record(rest, record, damaged)) {
        SLUICE_CHECK(record.payload.data() >= data && record.payload.data() + record.payload.size() <= data + size);
        if (record.type == RecordType::snapshot) snapshot(record.payload);
        else apply_record(record, m);
    }
    SLUICE_CHECK(damaged || rest.empty());
    return 0;
}
