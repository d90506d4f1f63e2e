#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "engine/io/sim_net.hpp"
#include "engine/reactor/reactor.hpp"
#include "engine/session/session.hpp"
#include "tests/sim/ledger.hpp"

namespace sluice::sim {

class SimClock final : public Clock {
public:
    explicit SimClock(const io::SimNet& net) : net_(net) {}
    MonoTime mono() const override { return net_.now(); }
    WallTime wall() const override {
        return WallTime(std::chrono::sys_days(std::chrono::year(2026) / 3 / 4)) + offset_ +
               std::chrono::duration_cast<microseconds>(net_.now().time_since_epoch());
    }
    /// Somebody sets the civil time; the monotonic one goes on.
    void set_offset(microseconds offset) { offset_ = offset; }
    microseconds offset() const { return offset_; }

private:
    const io::SimNet& net_;
    microseconds offset_{0};
};

/// One link with a session, of a customer or a provider; what it means is the owner's.
struct PeerLink {
    io::LinkId link;
    std::uint64_t connection = 0;  ///< the net's name for it
    std::unique_ptr<session::Session> session;
    bool over = false;
};

/// A program at the other end of the gateway: owns links with sessions on a host of its own.
class Peer : public io::LinkEvents, public session::SessionEvents {
public:
    Peer(io::SimNet& net, const Clock& clock, Ledger& ledger, std::uint64_t seed)
        : ledger_(ledger), random_(seed) {
        auto io = net.add_host();
        address_ = io->address();
        sim_ = io.get();
        reactor_ = std::make_unique<reactor::Reactor>(std::move(io), *this, clock);
        reactor_->at_turn_end([this] { sweep(); });
    }

    reactor::Reactor& reactor() { return *reactor_; }
    const io::Endpoint& address() const { return address_; }

    std::size_t on_data(io::LinkId link, ByteView data) override {
        PeerLink* found = find(link);
        if (found == nullptr) return data.size();
        const std::size_t consumed = found->session->receive(data, now());
        return found->over ? data.size() : consumed;
    }
    void on_drained(io::LinkId) override {}
    void on_close(io::LinkId link, std::error_code) override {
        if (PeerLink* found = find(link)) {
            gone_ = link;
            found->session->connection_lost(now());
            gone_ = {};
        }
    }
    void on_bind(session::Session&, const smpp::Header&, const smpp::Bind&) override {}
    void on_outbind(session::Session&, const smpp::Outbind&) override {}
    void on_window_open(session::Session&) override {}
    void on_readable(session::Session&) override {}
    void on_end(session::Session& s, session::EndReason, smpp::CommandStatus) override {
        for (auto& [key, peer] : links_) {
            if (peer.session.get() != &s || peer.over) continue;
            peer.over = true;
            ledger_.broken.insert(peer.connection);
            if (peer.link != gone_) reactor_->io().close(peer.link);
            lost(peer);
        }
    }

protected:
    virtual void lost(PeerLink&) {}

    MonoTime now() { return reactor_->now().mono; }
    PeerLink& open(io::LinkId link, const session::SessionConfig& config) {
        PeerLink& peer = links_[link.packed()];
        peer.link = link;
        peer.connection = sim_->connection(link);
        peer.session = std::make_unique<session::Session>(config, *this, reactor_->io().out(link), now());
        watch(link);
        return peer;
    }
    PeerLink* find(io::LinkId link) {
        const auto found = links_.find(link.packed());
        return found != links_.end() && !found->second.over ? &found->second : nullptr;
    }
    PeerLink* find(session::Session& s) {
        for (auto& [key, peer] : links_)
            if (peer.session.get() == &s) return &peer;
        return nullptr;
    }
    void touch(PeerLink& peer) {
        if (!peer.over) reactor_->io().touch(peer.link);
    }

    Ledger::Arrival arrival(const PeerLink& peer) {
        Ledger::Arrival a;
        a.at = now();
        a.connection = peer.connection;
        a.starts = ledger_.starts.size();
        return a;
    }

    Ledger& ledger_;
    Random random_;
    std::unique_ptr<reactor::Reactor> reactor_;
    io::Endpoint address_;
    std::map<std::uint64_t, PeerLink> links_;

private:
    io::SimIo* sim_ = nullptr;  ///< the reactor's

    void watch(io::LinkId link) {
        reactor_->timers().arm(now() + milliseconds(500), [this, link] {
            if (PeerLink* peer = find(link)) {
                peer->session->tick(now());
                touch(*peer);
                watch(link);
            }
        });
    }
    void sweep() { std::erase_if(links_, [](const auto& entry) { return entry.second.over; }); }

    io::LinkId gone_;
};

}  // namespace sluice::sim
