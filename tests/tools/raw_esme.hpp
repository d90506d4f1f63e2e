#pragma once

#include <string>
#include <string_view>

#include "codecs/smpp/pdu.hpp"
#include "engine/base/out_buffer.hpp"
#include "engine/io/io.hpp"

namespace sluice::tools::test {

/// An ESME by hand, on a blocking socket: it answers nothing and keeps no timers, so a test
/// sees the very order of what a message centre sends.
class RawEsme {
public:
    explicit RawEsme(const io::Endpoint& endpoint);
    ~RawEsme();
    RawEsme(const RawEsme&) = delete;
    RawEsme& operator=(const RawEsme&) = delete;

    struct Pdu {
        smpp::Header header;
        std::vector<std::uint8_t> body;
    };
    /// The next PDU; command_id 0 when the connection has ended.
    Pdu read();

    template <class Body>
    void write(smpp::CommandId id, std::uint32_t sequence, const Body& body) {
        OutBuffer out;
        smpp::write_pdu(out, id, smpp::CommandStatus::ESME_ROK, sequence, body);
        write(out.view());
    }
    void write(smpp::CommandId id, std::uint32_t sequence) { write(id, sequence, smpp::EmptyBody{}); }

    /// Binds and takes the answer; its status.
    smpp::CommandStatus bind(smpp::CommandId type = smpp::CommandId::bind_transceiver,
                             std::uint8_t interface_version = 0x34);
    /// A message that asks for a receipt.
    void submit(std::uint32_t sequence, std::uint8_t registered_delivery = 1, std::string_view text = "hello");

private:
    void write(ByteView octets);
    bool read_exactly(std::uint8_t* to, std::size_t size);

    int socket_;
};

}  // namespace sluice::tools::test
