#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "codecs/smpp/bodies.hpp"
#include "engine/app/message_centre.hpp"
#include "engine/app/session_link.hpp"
#include "engine/base/slab.hpp"
#include "engine/reactor/reactor.hpp"
#include "engine/routing/throttle.hpp"

namespace sluice::app {

/// The message centre's workings, all on the thread that runs its reactor.
class Simulation final : public io::LinkEvents {
public:
    /// `clock` outlives this.
    Simulation(const MessageCentreOptions& options, std::unique_ptr<io::Io> io, const Clock& clock);
    ~Simulation() override;

    /// Before the first turn. Returns the endpoint as it came out.
    Result<io::Endpoint> listen(const io::Endpoint& endpoint);
    /// Unbinds everybody and makes the reactor's `run` return, after `patience` at the latest.
    void stop(nanoseconds patience);

    reactor::Reactor& reactor() { return reactor_; }
    const MessageCentreCounters& counters() const { return counters_; }

    // ---- LinkEvents
    void on_accept(io::LinkId link, io::ListenerId listener, const io::Endpoint& peer) override;
    void on_connect(io::LinkId, std::error_code) override {}
    std::size_t on_data(io::LinkId link, ByteView data) override;
    void on_drained(io::LinkId link) override;
    void on_close(io::LinkId link, std::error_code error) override;

private:
    class Peer;

    /// Everybody who is bound with one system_id. Its receipts may go to any of them (interop R5), and wait here while
    /// there is none.
    struct System {
        std::string name;
        std::size_t peers = 0;
        std::vector<Peer*> receivers;      ///< those that deliver_sm may be sent to
        std::size_t next_receiver = 0;
        std::deque<Handle> ready;          ///< deliveries to be sent now, in order
        std::size_t deliveries = 0;        ///< ready, waiting for their time, or in flight
    };
    using Systems = std::map<std::string, System, std::less<>>;  // nodes stay where they are

    /// A receipt or a mobile-originated message, until it is acknowledged.
    struct Delivery {
        System* system = nullptr;
        std::string from, to;              ///< as the message had it: a receipt goes the other way round
        std::uint8_t from_ton = 0, from_npi = 0, to_ton = 0, to_npi = 0;
        bool receipt = false;
        smpp::MessageState state{};
        std::uint64_t id = 0;
        WallTime submitted{}, done{};
        std::uint8_t text_size = 0;
        char text[20];                     ///< the message's beginning, for the receipt
    };

    /// An answer that is to be late.
    struct Answer {
        io::LinkId link;
        std::uint32_t sequence = 0;
        smpp::CommandId command{};
        smpp::CommandStatus status{};
        std::uint64_t id = 0;
    };

    struct Submission;

    // sessions
    Peer* find(io::LinkId link);
    void bind(Peer& peer, const smpp::Bind& bind);
    void bound(Peer& peer);
    void ended(Peer& peer);
    void forget_if_idle(const System& system);

    // submissions
    void take(Peer& peer, const smpp::Header& header, ByteView body);
    void submit(Peer& peer, const smpp::Header& header, const Submission& submission);
    smpp::CommandStatus judge();
    MonoTime answer_time();
    void answer(Peer& peer, const Answer& answer);
    void answer_later(MonoTime at, const Answer& answer);

    // deliveries
    Handle add_receipt(System& system, const Submission& submission, std::uint64_t id, smpp::MessageState state);
    void deliver_at(MonoTime at, Handle delivery);
    void make_ready(Handle delivery);
    void pump(System& system);
    Peer* receiver_with_room(System& system);
    void send_receipt(Peer& peer, Handle handle, const Delivery& delivery);
    void send_originated(Peer& peer, Handle handle, const Delivery& delivery);
    void delivered(Handle handle, smpp::CommandStatus status);
    void undelivered(Handle handle);
    void originate();
    bool full() const { return answers_.size() + deliveries_.size() >= options_.max_pending; }

    void wait_for_the_end(MonoTime limit);

    MessageCentreOptions options_;
    MessageCentreCounters counters_;
    Random random_;
    reactor::Reactor reactor_;
    Systems systems_;
    std::vector<std::unique_ptr<Peer>> peers_;    ///< by LinkId::index
    std::vector<std::unique_ptr<Peer>> retired_;  ///< over; destroyed once nobody is inside them any more
    Slab<Delivery> deliveries_;
    Slab<Answer> answers_;
    routing::TokenBucket rate_;
    MonoTime next_slot_{};                        ///< where slow_down has got to
    routing::TokenBucket originating_rate_;
    std::size_t next_originating_ = 0;            ///< the system whose turn it is
    std::uint64_t next_id_;
    io::ListenerId listener_ = 0;
    bool stopping_ = false;
};

}  // namespace sluice::app
