#include "tests/tools/raw_esme.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "engine/base/check.hpp"

namespace sluice::tools::test {

RawEsme::RawEsme(const io::Endpoint& endpoint) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    std::copy_n(endpoint.address, 4, reinterpret_cast<std::uint8_t*>(&address.sin_addr));
    SLUICE_CHECK(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

RawEsme::~RawEsme() { ::close(socket_); }

bool RawEsme::read_exactly(std::uint8_t* to, std::size_t size) {
    while (size > 0) {
        const auto got = ::recv(socket_, to, size, 0);
        if (got <= 0) return false;
        to += got;
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

RawEsme::Pdu RawEsme::read() {
    std::uint8_t header[smpp::header_size];
    if (!read_exactly(header, sizeof header)) return {};
    Pdu pdu{smpp::read_header(header), {}};
    SLUICE_CHECK(pdu.header.length >= smpp::header_size && pdu.header.length < 65536);
    pdu.body.resize(pdu.header.length - smpp::header_size);
    if (!read_exactly(pdu.body.data(), pdu.body.size())) return {};
    return pdu;
}

void RawEsme::write(ByteView octets) {
    SLUICE_CHECK(::send(socket_, octets.data(), octets.size(), MSG_NOSIGNAL) ==
                 static_cast<ssize_t>(octets.size()));
}

smpp::CommandStatus RawEsme::bind(smpp::CommandId type, std::uint8_t interface_version) {
    smpp::Bind bind;
    bind.system_id = "esme";
    bind.password = "secret";
    bind.interface_version = interface_version;
    write(type, 1, bind);
    return read().header.status;
}

void RawEsme::submit(std::uint32_t sequence, std::uint8_t registered_delivery, std::string_view text) {
    smpp::SubmitSm message;
    message.source_addr = "447700900001";
    message.destination_addr = "447700900002";
    message.registered_delivery = registered_delivery;
    message.short_message = as_bytes(text);
    write(smpp::CommandId::submit_sm, sequence, message);
}

}  // namespace sluice::tools::test
