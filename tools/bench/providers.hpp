#pragma once

#include <deque>
#include <optional>
#include <string>

#include "engine/base/slab.hpp"
#include "tools/bench/customers.hpp"

namespace sluice::bench {

/// The providers of one thread: answers every submit_sm at once, and sends its receipt right behind the answer, on any
/// bind of the same provider that receives.
class Providers {
public:
    /// `work` outlives this.
    explicit Providers(Workplace& work) : work_(work) {}
    ~Providers();

    /// One more provider. Returns the endpoint as it came out.
    Result<io::Endpoint> listen(const io::Endpoint& endpoint);
    /// At the end of every turn: sends what receipts there is room for.
    void pump();
    /// Receipts not acknowledged yet.
    std::size_t pending() const { return receipts_.size(); }

    // ---- from the thread's link events
    void on_accept(io::LinkId link, io::ListenerId listener);

private:
    class Bind;

    /// What its receipt needs of a message, until the receipt is acknowledged.
    struct Receipt {
        std::uint32_t provider = 0;
        std::uint64_t id = 0;
        WallTime submitted{};
        std::uint8_t from_ton = 0, from_npi = 0, to_ton = 0, to_npi = 0;
        std::uint8_t from_size = 0, to_size = 0, text_size = 0;
        char from[20], to[20], text[20];
    };
    struct Provider {
        io::ListenerId listener;
        std::uint64_t next_id;
        std::vector<Bind*> receivers;
        std::size_t next_receiver = 0;
        std::deque<Handle> due;  ///< receipts to be sent, in order
    };

    void bound(Bind& bind);
    void ended(Bind& bind);
    void take(Bind& bind, const smpp::Header& header, const smpp::SubmitSm& pdu);
    void note_delivery(Bind& bind, const smpp::SubmitSm& pdu);
    Handle add_receipt(std::uint32_t provider, std::uint64_t id, const smpp::SubmitSm& pdu);
    void pump(Provider& provider);
    void send(Bind& bind, Handle handle);
    void acknowledged(Handle handle, smpp::CommandStatus status);
    void again_later(Handle handle);

    Workplace& work_;
    std::vector<Provider> providers_;
    Slab<Receipt> receipts_;
};

}  // namespace sluice::bench
