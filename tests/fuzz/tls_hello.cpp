// A TLS server's end against whatever a client sends first: octets, in pieces, before and in the handshake.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "engine/tls/self_signed.hpp"
#include "engine/tls/stream.hpp"

namespace sluice::tls {
namespace {

std::shared_ptr<const Context> make_context() {
    const SelfSigned made = make_self_signed({"localhost", "*.wild.example"}, 1).value();
    return Context::server({.identities = {{made.certificate_pem, made.key_pem, *facts_of_pem(made.certificate_pem)}},
                            .client_certificates = ClientCertificates::optional})
        .value();
}

/// The first octet says in pieces of how many the others come.
void feed(ByteView data) {
    static const auto context = make_context();
    if (data.empty()) return;
    const std::size_t piece = 1 + data[0];
    ByteView rest = data.subspan(1);
    Stream stream(context, rest.first(whole_records(rest).octets));
    OutBuffer out;
    while (!rest.empty()) {
        ByteView in = rest.first(std::min(piece, rest.size()));
        rest = rest.subspan(in.size());
        while (!in.empty()) {
            const std::size_t before = in.size();
            const auto progress = stream.handshake(in, out);
            if (progress == Stream::Progress::failed && !stream.error()) std::abort();
            if (progress != Stream::Progress::wants_input || in.size() == before) return;
        }
    }
}

}  // namespace
}  // namespace sluice::tls

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    sluice::tls::feed({data, size});
    return 0;
}
