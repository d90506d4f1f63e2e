#pragma once

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "codecs/smpp/dump.hpp"
#include "codecs/smpp/layout.hpp"
#include "codecs/smpp/pdu.hpp"
#include "tests/smpp/same.hpp"

/// What must hold for any octets whatever; shared by the unit tests and the fuzzers, so it aborts instead of reporting.
namespace sluice::smpp::test {

inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

/// An answer that begins with a control character may be taken for TLVs once the stray octets are gone.
template <class Body>
bool ambiguous(const Body& body) {
    if constexpr (requires { body.message_id; })
        return Layout<Body>::response && !body.message_id.empty() && body.message_id.front() < 0x20;
    else if constexpr (requires { body.system_id; })
        return Layout<Body>::response && !body.system_id.empty() && body.system_id.front() < 0x20;
    else if constexpr (requires { body.param_value; })
        return !body.param_value.empty() && body.param_value.front() < 0x20;
    else
        return false;
}

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
    if (ambiguous(*body)) return;
    const auto body_again = decode<Body>(again);
    require(body_again.has_value(), "an encoded body decodes");
    require(same(*body, *body_again), "decode, encode, decode gives the same body");
}

/// Decodes, encodes and dumps a PDU.
inline void exercise_pdu(ByteView pdu) {
    const Frame front = frame(pdu);
    if (front.kind == Frame::Kind::pdu) {
        with_body_of(front.header.id, [&]<class Body>(std::type_identity<Body>) { exercise_body<Body>(front.body); });
    }
    require(!dump(pdu, {.secrets = true}).empty(), "anything can be dumped");
}

}  // namespace sluice::smpp::test
