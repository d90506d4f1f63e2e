#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/peers/relay/in_flight.hpp"
#include "bench/peers/relay/journal.hpp"
#include "bench/peers/relay/links.hpp"
#include "codecs/smpp/header.hpp"
#include "engine/base/flat_map.hpp"

namespace sluice::relay {

struct Options {
    io::Endpoint listen, provider;
    unsigned binds = 4;      ///< to the provider
    bool receipts = false;
    std::string journal;     ///< its file; empty: none
    std::map<std::string, std::string, std::less<>> accounts;  ///< system_id to password
};

/// Passes submit_sm from customers to a provider, deliver_sm back, and the answers of each, with other sequence_numbers
/// and otherwise as they came. It looks at the 16 octets of header, at a bind's name and password, and, to
/// know whom a receipt belongs to, at the message_id of a submit_sm_resp and at the "id:" of a receipt's text.
class Relay final : private LinkOwner {
public:
    explicit Relay(Options options);

    /// Listens, and makes the journal.
    Result<void> open();
    /// Connects to the provider and begins to bind. May be tried again.
    Result<void> connect();
    bool bound() const { return bound_ == options_.binds; }
    /// One turn; waits up to `timeout`. After a fault, which is said in the error, there is no going on.
    Result<void> turn(nanoseconds timeout);

private:
    struct Held {
        Handle provider;
        std::vector<std::uint8_t> pdu;
    };

    std::size_t on_octets(Handle id, Link& link, ByteView octets) override;
    void on_end(Handle id, Link& link) override;
    void on_journal(int result) override;

    void from_customer(Handle id, Link& link, const smpp::Header& header, ByteView pdu);
    void from_provider(Handle id, Link& link, const smpp::Header& header, ByteView pdu);
    void bind(Handle id, Link& link, const smpp::Header& header, ByteView body);
    void submit(Handle id, Link& link, const smpp::Header& header, ByteView pdu);
    void deliver(Handle id, Link& link, const smpp::Header& header, ByteView pdu);
    void submit_answered(Handle id, const smpp::Header& header, ByteView pdu);
    void deliver_answered(Handle id, const smpp::Header& header, ByteView pdu);
    void forward_receipt(Handle provider, Handle customer, ByteView pdu);
    void request(ByteView pdu, Handle to, std::uint32_t number);
    void send(Handle to, ByteView pdu, std::uint32_t sequence);
    void answer(Handle id, Link& link, const smpp::Header& request, smpp::CommandStatus status);

    Options options_;
    std::unique_ptr<io::Uring> ring_;
    std::optional<Links> links_;
    std::optional<Journal> journal_;
    std::vector<Handle> providers_;
    std::size_t bound_ = 0;
    std::size_t next_ = 0;         ///< the provider's link that this turn's messages go to
    std::string fault_;
    InFlight submits_, delivers_;
    FlatMap owed_;                 ///< hash of a message_id to the customer's link
    std::unordered_map<std::uint64_t, Held> held_;  ///< receipts that came before their submit_sm_resp, by that hash
};

}  // namespace sluice::relay
