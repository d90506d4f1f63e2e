#pragma once

#include <cstdint>
#include <string>

#include "engine/gateway/core.hpp"
#include "engine/io/io.hpp"
#include "engine/session/session.hpp"

namespace sluice::gateway {

/// A link with an SMPP session on it, of a customer or to a provider: joins octets, timers and session together. What
/// the session says is the derived class's business.
class Connection : public session::SessionEvents {
public:
    Connection(Core& core, io::LinkId link, const io::Endpoint& peer, const session::SessionConfig& config);
    ~Connection() override;

    session::Session& session() { return session_; }
    const session::Session& session() const { return session_; }
    io::LinkId link() const { return link_; }
    const io::Endpoint& peer() const { return peer_; }
    bool ended() const { return ended_; }
    MonoTime since() const { return since_; }
    Party* party() const { return party_; }

    /// PDUs in the last whole second, for people.
    struct Rates {
        std::uint32_t in = 0, out = 0;
    };
    const Rates& rates() const { return rates_; }
    /// Once a second.
    void sample_rates() {
        const session::SessionCounters& now = session_.counters();
        rates_ = {static_cast<std::uint32_t>(now.pdus_in - sampled_in_),
                  static_cast<std::uint32_t>(now.pdus_out - sampled_out_)};
        sampled_in_ = now.pdus_in;
        sampled_out_ = now.pdus_out;
    }

    std::size_t on_data(ByteView data);
    /// The link is gone.
    void on_lost();
    bool link_is_gone() const { return lost_; }
    void on_drained();

    /// Before anything is written outside of `on_data`, so that there is a buffer for it, or whenever a deadline may
    /// have moved. However often in a turn, link and timer are seen to once, by `end_of_turn`.
    void touch() {
        if (touched_ || in_data_ || ended_) return;
        touched_ = true;
        core_.touched.push_back(this);
        core_.reactor->io().out(link_);    // lends the session's buffer its memory
        core_.reactor->io().touch(link_);  // should this be between two turns, the next one does not wait
    }
    void end_of_turn();

    /// Every message that is to go to the peer goes through here. Returns the sequence_number, 0 when the window is
    /// full.
    template <class Write>
    std::uint32_t send(smpp::CommandId id, std::size_t max_body, Write&& write, std::uint64_t cookie) {
        touch();
        return session_.send(id, max_body, write, cookie, core_.now().mono);
    }

    // What sessions of either role may ignore.
    void on_bind(session::Session&, const smpp::Header&, const smpp::Bind&) override {}
    void on_outbind(session::Session&, const smpp::Outbind&) override {}
    void on_readable(session::Session&) override;
    void on_end(session::Session&, session::EndReason reason, smpp::CommandStatus status) final;

protected:
    /// The session is over; the link closes by itself, and the owner destroys this soon after.
    virtual void ended(session::EndReason reason, smpp::CommandStatus status) = 0;

    Core& core_;
    Party* party_ = nullptr;

private:
    void arm();
    void on_timer();

    io::LinkId link_;
    io::Endpoint peer_;
    session::Session session_;
    reactor::TimerId timer_;
    MonoTime armed_at_ = MonoTime::max();
    MonoTime since_;
    std::uint64_t sampled_in_ = 0, sampled_out_ = 0;
    Rates rates_;
    bool touched_ = false;
    bool in_data_ = false;
    bool lost_ = false;
    bool ended_ = false;
};

}  // namespace sluice::gateway
