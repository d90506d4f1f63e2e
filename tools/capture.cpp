#include "tools/capture.hpp"

#include <pcap/pcap.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>

namespace sluice::tools {
namespace {

constexpr std::uint8_t protocol_tcp = 6;

/// The IP packet inside a captured frame; nothing for other protocols.
std::optional<ByteView> ip_packet(int link_type, ByteView frame) {
    const auto behind = [&](std::size_t header, std::size_t ethertype_at) -> std::optional<ByteView> {
        if (frame.size() < header) return std::nullopt;
        auto type = load_be<std::uint16_t>(frame.data() + ethertype_at);
        while (type == 0x8100 || type == 0x88A8) {  // VLAN tags
            if (frame.size() < header + 4) return std::nullopt;
            type = load_be<std::uint16_t>(frame.data() + header + 2);
            header += 4;
        }
        if (type != 0x0800 && type != 0x86DD) return std::nullopt;
        return frame.subspan(header);
    };
    switch (link_type) {
        case DLT_EN10MB: return behind(14, 12);
        case DLT_LINUX_SLL: return behind(16, 14);
        case DLT_LINUX_SLL2: return behind(20, 0);
        case DLT_NULL:
        case DLT_LOOP: return frame.size() < 4 ? std::nullopt : std::optional(frame.subspan(4));
        default: return frame;  // DLT_RAW and its like
    }
}

struct Packet {
    io::Endpoint from, to;
    ByteView payload;  ///< the TCP header and what follows
};

std::optional<Packet> tcp_of_ipv4(ByteView ip) {
    const std::size_t header = (ip[0] & 0x0Fu) * 4u;
    if (header < 20 || ip.size() < header) return std::nullopt;
    const std::size_t total = std::min<std::size_t>(load_be<std::uint16_t>(ip.data() + 2), ip.size());
    const bool fragment = (load_be<std::uint16_t>(ip.data() + 6) & 0x3FFF) != 0;
    if (ip[9] != protocol_tcp || fragment || total < header) return std::nullopt;
    Packet packet;
    std::copy_n(ip.begin() + 12, 4, packet.from.address);
    std::copy_n(ip.begin() + 16, 4, packet.to.address);
    packet.payload = ip.subspan(header, total - header);
    return packet;
}

std::optional<Packet> tcp_of_ipv6(ByteView ip) {
    constexpr std::size_t header = 40;
    if (ip.size() < header || ip[6] != protocol_tcp) return std::nullopt;
    Packet packet;
    packet.from.ipv6 = packet.to.ipv6 = true;
    std::copy_n(ip.begin() + 8, 16, packet.from.address);
    std::copy_n(ip.begin() + 24, 16, packet.to.address);
    packet.payload =
        ip.subspan(header, std::min<std::size_t>(load_be<std::uint16_t>(ip.data() + 4), ip.size() - header));
    return packet;
}

std::optional<TcpSegment> tcp_segment(int link_type, ByteView frame) {
    const auto ip = ip_packet(link_type, frame);
    if (!ip || ip->size() < 20) return std::nullopt;
    auto packet = (*ip)[0] >> 4 == 4 ? tcp_of_ipv4(*ip) : (*ip)[0] >> 4 == 6 ? tcp_of_ipv6(*ip) : std::nullopt;
    if (!packet || packet->payload.size() < 20) return std::nullopt;
    const ByteView tcp = packet->payload;
    const std::size_t header = (tcp[12] >> 4) * 4u;
    if (header < 20 || tcp.size() < header) return std::nullopt;
    packet->from.port = load_be<std::uint16_t>(tcp.data());
    packet->to.port = load_be<std::uint16_t>(tcp.data() + 2);
    TcpSegment segment;
    segment.from = packet->from;
    segment.to = packet->to;
    segment.sequence = load_be<std::uint32_t>(tcp.data() + 4);
    segment.syn = (tcp[13] & 0x02) != 0;
    segment.data = tcp.subspan(header);
    return segment;
}

}  // namespace

bool is_capture(ByteView beginning) {
    if (beginning.size() < 4) return false;
    constexpr std::array<std::uint32_t, 5> magics = {0xA1B2C3D4, 0xD4C3B2A1, 0xA1B23C4D, 0x4D3CB2A1, 0x0A0D0D0A};
    return std::ranges::find(magics, load_be<std::uint32_t>(beginning.data())) != magics.end();
}

Result<void> read_capture(std::FILE* file, const std::function<void(const TcpSegment&)>& segment) {
    char error[PCAP_ERRBUF_SIZE] = {};
    const std::unique_ptr<pcap_t, void (*)(pcap_t*)> capture(pcap_fopen_offline(file, error), pcap_close);
    if (!capture) {
        std::fclose(file);
        return fail(std::string("the capture cannot be read: ") + error);
    }
    const int link_type = pcap_datalink(capture.get());
    pcap_pkthdr* header = nullptr;
    const std::uint8_t* octets = nullptr;
    int outcome;
    while ((outcome = pcap_next_ex(capture.get(), &header, &octets)) == 1) {
        auto found = tcp_segment(link_type, {octets, header->caplen});
        if (!found || (!found->syn && found->data.empty())) continue;
        found->at = WallTime(seconds(header->ts.tv_sec) + microseconds(header->ts.tv_usec));
        segment(*found);
    }
    if (outcome == PCAP_ERROR) return fail(std::string("the capture is damaged: ") + pcap_geterr(capture.get()));
    return {};
}

}  // namespace sluice::tools
