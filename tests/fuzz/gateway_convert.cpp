// Any body between any two profiles: what is converted or split is well formed, keeps the addresses, and is bounded.

#include "engine/gateway/convert.hpp"
#include "tests/smpp/require.hpp"

namespace {

using namespace sluice;
using namespace sluice::gateway;
using smpp::test::require;

routing::TextProfile profile(std::uint8_t choice) {
    return {static_cast<routing::Alphabet>(choice % 5), static_cast<routing::Segmentation>(choice / 5 % 4),
            static_cast<routing::Unmappable>(choice / 20 % 3)};
}

void well_formed(ByteView octets, const smpp::MessageBody& original) {
    const auto pdu = smpp::decode<smpp::MessageBody>(octets, {true, 255});
    require(pdu.has_value(), "what comes out is well formed");
    require(pdu->destination_addr == original.destination_addr && pdu->source_addr == original.source_addr,
            "addresses stay");
    require(pdu->registered_delivery == original.registered_delivery, "registered_delivery stays");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) return 0;
    const auto original = smpp::decode<smpp::MessageBody>({data + 3, size - 3}, {true, 255});
    if (!original) return 0;
    // As Message keeps it.
    std::vector<std::uint8_t> body(smpp::encoded_size(*original)), out;
    smpp::encode(*original, body);
    const routing::TextProfile from = profile(data[0]), to = profile(data[1]);
    const bool tlvs = (data[2] & 1) != 0;
    if (convert(body, from, to, tlvs, out) == Conversion::converted) {
        well_formed(out, *original);
        if (!tlvs) require(smpp::decode<smpp::MessageBody>(out, {true, 255})->tlvs.empty(), "no TLVs");
    }
    const Split parts = split(body, from, to, data[2]);
    require(parts.parts.size() <= 255 && parts.parts.size() != 1, "at most 255 parts");
    require(parts.parts.empty() || (!parts.refused && !parts.too_long), "one outcome");
    for (const auto& part : parts.parts) {
        well_formed(part, *original);
        convert(part, parts_profile, to, tlvs, out);
    }
    text_for_receipt(*original, from, to.default_alphabet);
    unpacked_receipt(*original, from);
    return 0;
}
