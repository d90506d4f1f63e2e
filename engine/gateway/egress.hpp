#pragma once

#include <vector>

#include "engine/base/slab.hpp"
#include "engine/gateway/connection.hpp"
#include "engine/gateway/core.hpp"

namespace sluice::gateway {

class Receipts;

/// Sends what is queued, to providers and to accounts alike, and decides what an answer means for a message. A message
/// leaves through a link of this shard if there is one, else through a ring and another shard's link.
class Egress {
public:
    Egress(Core& core, Receipts& receipts) : core_(core), receipts_(receipts) {}

    /// A session that may send to the party is bound; it is over.
    void attach(Party& party, Connection& connection);
    void detach(Party& party, Connection& connection);

    void ready(Lane& lane) {
        Party& party = lane.party() != nullptr ? *lane.party() : core_.party(destination_of(lane.key()));
        party.filled |= 1u << place_of(lane.key());
        wake(party);
    }
    /// Something has changed for the party: it is looked at, at the end of this turn.
    void wake(Party& party) {
        if (party.dirty) return;
        party.dirty = true;
        dirty_.push_back(&party);
    }
    /// Sends what may go. At the end of a turn.
    void pump();

    void on_response(std::uint64_t cookie, const smpp::Header& header, ByteView body);
    void on_unanswered(std::uint64_t cookie);

    /// Its validity is over, or its receipt has not come in time.
    void expire(Message& m);
    /// Once a second: what waits for a provider that is down or at its cap goes to another one, if a route has one.
    void reroute_waiting();
    /// Once a second, before that: an hour may have ended, another shard have used up a cap, receipts have changed how
    /// well a provider delivers.
    void look_at_providers();

    // ---- between shards
    void on_send(std::uint32_t from, const wire::SendNote& note, ByteView body);
    void on_outcome(std::uint32_t from, const wire::OutcomeNote& note, std::string_view message_id);
    void on_outlets(std::uint32_t from, const wire::OutletsNote& note);

private:
    struct Outcome {
        wire::OutcomeNote::Kind kind{};
        smpp::CommandStatus status{};
        std::string_view message_id;
    };
    /// What we send for another shard.
    struct Errand {
        std::uint64_t handle = 0;
        MessageId id = 0;
        PartyId party = 0;
        std::uint32_t shard = 0;
    };

    void pump(Party& party);
    Message* next(Party& party);
    /// The outlet whose turn it is, or the next one that can take a message; null if none can.
    Connection* pick(Party& party);
    /// One message may go to the party by its rate and its pace; if not, the party is held until it may.
    bool take_turn(Party& party);
    bool send_here(Connection& outlet, Party& party, Message& m);
    bool send_by(Connection& outlet, Party& party, Message& m);
    bool send_to(std::uint32_t shard, Party& party, Message& m);
    /// Lets scripts see it before `send` does; the body that they make is for this try alone.
    template <class Send>
    bool triggered(Message& m, Send&& send);
    bool send_there(Party& party, Message& m);
    /// The provider's alphabet cannot hold its text and its profile says to refuse it then: it has ended.
    bool text_refused(Message& m);
    void hold(Party& party, MonoTime until);
    void conclude(Message& m, const Outcome& outcome);
    void conclude_count(Message& m, const Outcome& outcome);
    void conclude_forward(Message& m, const Outcome& outcome);
    void conclude_sent(Message& m, const Outcome& outcome);
    void conclude_delivery(Message& m, const Outcome& outcome);
    void failed(Message& m, routing::ErrorClass error_class, smpp::CommandStatus status);
    void reroute_waiting(Party& party);
    const routing::Provider* other_provider(const Message& m, bool only_up);
    void announce(Party& party);
    void finish_errand(std::uint64_t cookie, const Outcome& outcome);

    Core& core_;
    Receipts& receipts_;
    std::vector<Party*> dirty_;
    Slab<Errand> errands_;
};

}  // namespace sluice::gateway
