// What TLS costs without any network: AES-GCM of one record as wolfSSL does it and as nettle does; octets through both
// ends of a connection; handshakes, both ends together.

#include <benchmark/benchmark.h>

#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/aes.h>

#include "engine/tls/aes_gcm.hpp"
#include "tests/tls/pair.hpp"

namespace sluice::tls {
namespace {

constexpr std::uint8_t key[16] = {1}, nonce[12] = {2}, additional[5] = {23, 3, 3, 64, 0};

void AesGcmByWolfssl(benchmark::State& state) {
    const auto size = static_cast<word32>(state.range(0));
    std::vector<std::uint8_t> in(size), out(size);
    std::uint8_t tag[16];
    Aes aes;
    wc_AesInit(&aes, nullptr, INVALID_DEVID);
    wc_AesGcmSetKey(&aes, key, sizeof key);
    for (auto _ : state)
        wc_AesGcmEncrypt(&aes, out.data(), in.data(), size, nonce, sizeof nonce, tag, sizeof tag, additional,
                         sizeof additional);
    wc_AesFree(&aes);
    state.SetBytesProcessed(state.iterations() * size);
}
BENCHMARK(AesGcmByWolfssl)->Arg(50)->Arg(200)->Arg(16384);

void AesGcmByNettle(benchmark::State& state) {
    const auto size = static_cast<std::size_t>(state.range(0));
    std::vector<std::uint8_t> in(size), out(size);
    std::uint8_t tag[16];
    for (auto _ : state) aes_gcm_encrypt({key, nonce, additional, in, out.data()}, tag);
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(AesGcmByNettle)->Arg(50)->Arg(200)->Arg(16384);

void Octets(benchmark::State& state, const char* ciphers) {
    Pair pair(server_context(), client_context({.ciphers = ciphers}));
    pair.shake();
    const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
    for (auto _ : state) {
        pair.client->write(as_bytes(text), pair.to_server);
        pair.deliver();
        pair.plain_at_server.clear();
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(Octets, aes128_gcm, "TLS13-AES128-GCM-SHA256")->Arg(200)->Arg(2000)->Arg(16384)->Arg(65536);
BENCHMARK_CAPTURE(Octets, chacha20_poly1305, "TLS13-CHACHA20-POLY1305-SHA256")->Arg(200)->Arg(2000)->Arg(16384);

void Handshake(benchmark::State& state, const char* certificate, const char* name, bool resume) {
    const auto server = server_context({.identities = {identity(certificate)}});
    const auto client = client_context();
    Pair first(server, client, name);
    first.shake();
    Session session = first.client->session();
    for (auto _ : state) {
        Pair pair(server, client, name, resume ? &session : nullptr);
        pair.shake();
        if (!pair.shaken()) state.SkipWithError("the handshake failed");
    }
}
BENCHMARK_CAPTURE(Handshake, ecdsa_p256, "server", "localhost", false);
BENCHMARK_CAPTURE(Handshake, rsa_2048, "rsa", "rsa.example", false);
BENCHMARK_CAPTURE(Handshake, resumed, "server", "localhost", true);

}  // namespace
}  // namespace sluice::tls
