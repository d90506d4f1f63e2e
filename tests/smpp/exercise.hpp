#pragma once

#include <vector>

#include "codecs/smpp/dump.hpp"
#include "codecs/smpp/layout.hpp"
#include "codecs/smpp/mask.hpp"
#include "codecs/smpp/pdu.hpp"
#include "tests/smpp/require.hpp"
#include "tests/smpp/same.hpp"

/// What must hold for any octets whatever; shared by the unit tests and the fuzzers, so it aborts instead of reporting.
namespace sluice::smpp::test {

template <class Body>
void exercise_body(ByteView octets) {
    const auto body = decode<Body>(octets);
    if (!body) {
        require(body.error().status != CommandStatus::ESME_ROK, "an error has a status");
        require(*body.error().field != '\0', "an error names its field");
        return;
    }
    require(check(*body).has_value(), "what decode accepts, check accepts");
    std::vector<std::uint8_t> again(encoded_size(*body));
    require(encode(*body, again) == again.size(), "encoded_size is exact for a decoded body");
    // An answer that begins with a control character may be taken for TLVs, now that stray octets are gone.
    if (Layout<Body>::response && !again.empty() && again.front() > 0 && again.front() < 0x20) return;
    const auto body_again = decode<Body>(again);
    require(body_again.has_value(), "an encoded body decodes");
    require(same(*body, *body_again), "decode, encode, decode gives the same body");
}

/// Decodes, encodes, dumps and masks a PDU.
inline void exercise_pdu(ByteView pdu) {
    const Frame front = frame(pdu);
    if (front.kind == Frame::Kind::pdu) {
        with_body_of(front.header.id, [&]<class Body>(std::type_identity<Body>) { exercise_body<Body>(front.body); });
    }
    require(!dump(pdu, {.secrets = true}).empty(), "anything can be dumped");
    const Privacy all{Privacy::Numbers::all, true};
    const std::vector<std::uint8_t> once = masked(pdu, all);
    require(once.size() <= pdu.size(), "a mask adds nothing");
    require(masked(once, all) == once, "what is masked is masked");
}

}  // namespace sluice::smpp::test
