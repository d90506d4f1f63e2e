// What we encode, as Wireshark's dissector sees it: every PDU is recognised and none is malformed.

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include "codecs/smpp/dump.hpp"
#include "tests/smpp/generators.hpp"

namespace sluice::smpp::test {
namespace {

constexpr std::uint16_t smpp_port = 2775;

/// A capture of one TCP stream, one PDU a segment.
class Capture {
public:
    explicit Capture(const std::string& path) : out_(path, std::ios::binary) {
        constexpr std::uint32_t raw_ip = 101, snap = 1 << 18;
        put<std::uint32_t>(0xA1B2C3D4);
        put<std::uint16_t>(2);
        put<std::uint16_t>(4);
        for (const std::uint32_t value : {0u, 0u, snap, raw_ip}) put(value);
    }
    void add(ByteView pdu) {
        const auto size = static_cast<std::uint32_t>(40 + pdu.size());
        for (const std::uint32_t value : {++count_, 0u, size, size}) put(value);
        // IPv4 without checksum, TCP without checksum: 127.0.0.1 to itself.
        put<std::uint16_t>(0x4500);
        put(static_cast<std::uint16_t>(size));
        for (const std::uint32_t value : {0u, 0x40060000u, 0x7F000001u, 0x7F000001u}) put(value);
        put<std::uint16_t>(40000);
        put(smpp_port);
        put(sequence_);
        put<std::uint32_t>(1);
        for (const std::uint16_t value : {0x5018, 0xFFFF, 0, 0}) put(value);
        out_.write(reinterpret_cast<const char*>(pdu.data()), static_cast<std::streamsize>(pdu.size()));
        sequence_ += static_cast<std::uint32_t>(pdu.size());
    }

private:
    template <class Unsigned>
    void put(Unsigned value) {
        std::uint8_t octets[sizeof value];
        store_be(octets, value);
        out_.write(reinterpret_cast<const char*>(octets), sizeof octets);
    }
    std::ofstream out_;
    std::uint32_t count_ = 0;
    std::uint32_t sequence_ = 1;
};

std::string run(const std::string& command) {
    std::string output;
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return output;
    char part[4096];
    while (const std::size_t got = std::fread(part, 1, sizeof part, pipe)) output.append(part, got);
    pclose(pipe);
    return output;
}

/// Takes away what the dissector has its own mind about: it looks into user data headers, and finds ours, being random,
/// malformed; and it reads broadcast_rep_num as one octet, where v5.0 §4.8.4 has two.
template <class Body>
void please_dissector(Body& body, Arena& arena) {
    if constexpr (requires { body.esm_class; }) body.esm_class &= static_cast<std::uint8_t>(~esm_class::udhi);
    TlvWriter tlvs(arena.room(body.tlvs.raw().size()));
    for (const Tlv tlv : body.tlvs)
        if (tlv.tag != Tag::broadcast_rep_num) RC_ASSERT(tlvs.octets(tlv.tag, tlv.value));
    body.tlvs = tlvs.view();
}

TEST(Tshark, findsNothingMalformed) {
    if (run("tshark --version 2>/dev/null").empty()) GTEST_SKIP() << "no tshark";
    const std::string path = testing::TempDir() + "sluice_smpp_" + std::to_string(getpid()) + ".pcap";
    std::vector<std::vector<std::uint8_t>> pdus;
    {
        Capture capture(path);
        for (const Command& command : commands) {
            if (command.versions == v33) continue;  // unknown to the dissector
            with_body_of(command.value, [&]<class Body>(std::type_identity<Body>) {
                const std::function<std::vector<std::uint8_t>()> make = [&] {
                    Arena arena;
                    Body body = BodyGenerator(arena).body<Body>(command.value);
                    please_dissector(body, arena);
                    OutBuffer out;
                    write_pdu(out, command.value, CommandStatus::ESME_ROK, 7, body);
                    return std::vector<std::uint8_t>(out.view().begin(), out.view().end());
                };
                const auto sample = rc::gen::exec(make);
                for (std::uint64_t seed = 1; seed <= 25; ++seed) {
                    pdus.push_back(sample(rc::Random(seed), 50).value());
                    capture.add(pdus.back());
                }
            });
        }
    }
    std::istringstream lines(run("tshark -r '" + path + "' -d tcp.port==" + std::to_string(smpp_port) +
                                 ",smpp -T fields -E separator='|' -e smpp.command_id -e smpp.sequence_number "
                                 "-e _ws.malformed 2>/dev/null"));
    std::remove(path.c_str());
    for (const auto& pdu : pdus) {
        std::string line;
        ASSERT_TRUE(std::getline(lines, line));
        char expected[32];
        std::snprintf(expected, sizeof expected, "0x%08x|7|", static_cast<unsigned>(read_header(pdu.data()).id));
        EXPECT_EQ(line, expected) << dump(pdu, {.octets = false});
    }
}

}  // namespace
}  // namespace sluice::smpp::test
