// Any octets as a PDU: decoding, encoding and dumping are safe, and what decodes encodes to the same body.
// The first octet picks the command, so that every body is reached; the rest is the body.
// dictionary: smpp.dict

#include <vector>

#include "tests/smpp/exercise.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice;
    using namespace sluice::smpp;
    if (size == 0) return 0;
    test::exercise_pdu({data, size});

    std::vector<std::uint8_t> pdu(header_size);
    pdu.insert(pdu.end(), data + 1, data + size);
    const Command& command = commands[data[0] % commands.size()];
    write_header(pdu.data(), {static_cast<std::uint32_t>(pdu.size()), command.value, CommandStatus::ESME_ROK, 1});
    test::exercise_pdu(pdu);
    return 0;
}
