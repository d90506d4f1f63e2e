#pragma once

#include <memory>
#include <vector>

#include "engine/app/session_link.hpp"
#include "engine/reactor/reactor.hpp"

namespace sluice::bench {

/// One connection of the generator, as a customer or as a provider.
class Party : public session::SessionEvents {
public:
    Party(reactor::Reactor& reactor, io::LinkId id, const session::SessionConfig& config)
        : link(reactor, *this, id, config) {}

    void on_outbind(session::Session&, const smpp::Outbind&) override {}
    void on_window_open(session::Session&) override {}
    void on_readable(session::Session&) override { link.resume(); }
    /// What was waiting to be sent has gone.
    virtual void on_drained() = 0;

    bool has_room() {
        return link.session().can_send() && link.session().window_open() && !link.congested();
    }

    app::SessionLink link;
};

/// The connections of a thread, by their link.
class Parties {
public:
    template <class Kind>
    Kind& add(std::unique_ptr<Kind> party) {
        const io::LinkId link = party->link.link();
        if (link.index >= parties_.size()) parties_.resize(link.index + 1);
        Kind& added = *party;
        parties_[link.index] = std::move(party);
        return added;
    }
    Party* find(io::LinkId link) {
        if (link.index >= parties_.size() || !parties_[link.index]) return nullptr;
        Party* const party = parties_[link.index].get();
        return party->link.link() == link ? party : nullptr;
    }
    /// Its session is over: it lives until `bury`, as somebody may be inside it.
    void retire(Party& party) {
        party.link.close();
        retired_.push_back(std::move(parties_[party.link.link().index]));
    }
    void bury() { retired_.clear(); }

private:
    std::vector<std::unique_ptr<Party>> parties_;
    std::vector<std::unique_ptr<Party>> retired_;
};

}  // namespace sluice::bench
