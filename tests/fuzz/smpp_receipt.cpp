// Any octets as a receipt and as a message_id: what is read lies inside the text, and reading a written receipt gives
// what was written.

#include "codecs/smpp/message_id.hpp"
#include "codecs/smpp/pdu.hpp"
#include "codecs/smpp/receipt.hpp"
#include "codecs/smpp/time.hpp"
#include "tests/smpp/require.hpp"

namespace {

using namespace sluice;
using namespace sluice::smpp;
using test::require;

bool inside(std::string_view part, std::string_view whole) {
    return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void read_text(std::string_view text) {
    const ReceiptText parsed = parse_receipt_text(text);
    for (const std::string_view part : {parsed.id, parsed.sub, parsed.dlvrd, parsed.submit_date, parsed.done_date,
                                        parsed.stat, parsed.err, parsed.text})
        require(inside(part, text), "every value is a part of the text");
    for (const std::string_view word : {parsed.id, parsed.stat, parsed.err})
        require(word.find_first_of(" \t\r\n") == word.npos, "a value ends at a blank");

    // Written again, it reads the same.
    const bool can_be_written = !parsed.id.empty() && parsed.id.size() <= 64 && parsed.err.size() <= 16 &&
                                parsed.id.find(':') == parsed.id.npos && parsed.err.find(':') == parsed.err.npos;
    if (!can_be_written) return;
    ReceiptReport report{.message_id = parsed.id, .err = parsed.err, .text = parsed.text};
    report.state = state_of_stat(parsed.stat).value_or(MessageState::unknown);
    std::uint8_t room[receipt_text_max];
    const ReceiptText again = parse_receipt_text(as_text({room, write_receipt_text(report, room)}));
    require(again.id == parsed.id && again.err == parsed.err, "id and err come back");
    require(state_of_stat(again.stat) == report.state, "the state comes back");
}

void read_body(ByteView octets) {
    const auto body = decode<DeliverSm>(octets);
    if (!body) return;
    std::uint8_t scratch[200];
    const Receipt receipt = read_receipt(*body, {.scratch = scratch});
    require(inside(receipt.message_id, as_text(octets)) || inside(receipt.message_id, as_text(scratch)),
            "the id is a part of the body");
}

void canonicalise(std::string_view id) {
    for (const auto format : {MessageIdFormat::as_is, MessageIdFormat::decimal, MessageIdFormat::hex}) {
        const CanonicalId once = canonical_message_id(id, format);
        require(once.view().size() <= CanonicalId::max_size, "bounded");
        require(canonical_message_id(once.view(), MessageIdFormat::as_is) == once, "canonical stays canonical");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = as_text({data, size});
    read_text(text);
    read_body({data, size});
    canonicalise(text);
    return 0;
}
