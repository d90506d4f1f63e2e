#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "codecs/smpp/pdu.hpp"
#include "engine/gateway/core.hpp"
#include "engine/gateway/home.hpp"
#include "engine/gateway/purses.hpp"
#include "engine/script/subject.hpp"

namespace sluice::script {
struct Sending;
}

namespace sluice::gateway {

struct Firing;

/// Takes messages in: from accounts (submit_sm, data_sm, submit_multi) and from providers (mobile-originated deliver_sm
/// and data_sm). A message that passes every check is recorded, and answered once the record is on disk; one that does
/// not is answered at once, and nothing of it is kept.
class Ingress {
public:
    explicit Ingress(Core& core)
        : core_(core), purses_(core, [this](Party& party, Unpaid&& paid) { accept(party, std::move(paid)); }) {}

    /// A request of an account's session; `max_short_message` as its SMPP version has it. ESME_ROK: the answer follows
    /// the commit. Anything else is the answer.
    smpp::CommandStatus submit(Party& account, const smpp::SubmitSm& pdu, const wire::ReplyTo& reply);
    smpp::CommandStatus submit(Party& account, const smpp::DataSm& pdu, const wire::ReplyTo& reply);
    smpp::CommandStatus submit(Party& account, const smpp::SubmitMulti& pdu, const wire::ReplyTo& reply);

    /// A message that a provider brings for its owners, see routing/home.hpp.
    smpp::CommandStatus originate(Party& provider, const smpp::DeliverSm& pdu, const wire::ReplyTo& reply);

    /// A message of a trigger's script: on its way like any other, and fires no submit or originated itself.
    smpp::CommandStatus send(const script::Sending& sending);

    /// The destinations that submit_multi could not serve, for its answer; forgotten once asked for.
    std::vector<std::uint8_t> take_unsuccess(MessageId shown_id, std::uint8_t& count);

    /// Messages that wait until they are paid for.
    std::size_t unpaid() const { return purses_.waiting(); }

private:
    smpp::CommandStatus admit(Party& account, smpp::MessageBody pdu, const wire::ReplyTo& reply, MessageId shown,
                              MessageId& id, bool fires = true);
    /// What the message says and the account may do; sets the message's times.
    smpp::CommandStatus check(Party& party, smpp::MessageBody& pdu, Message& m);
    /// Refuses an account's TLVs of lengths that SMPP forbids, leaves out those of a provider; writes what has only
    /// another width as SMPP has it. `tlvs` may point into `mended` then.
    smpp::CommandStatus check_tlvs(const Party& party, smpp::TlvView& tlvs, std::vector<std::uint8_t>& mended);
    /// Gives it a route, and keeps it. `chosen`: the provider, whatever the routes say.
    smpp::CommandStatus take(Party& party, smpp::MessageBody& pdu, Message& m, const wire::ReplyTo& reply,
                             MessageId shown, MessageId& id, const routing::Provider* chosen = nullptr);
    /// Lets the triggers see a submit. `id` stays 0 when they wait.
    smpp::CommandStatus triggered(Party& party, const smpp::MessageBody& pdu, const wire::ReplyTo& reply,
                                  MessageId shown, MessageId& id);
    /// Goes on with what they have made of it.
    smpp::CommandStatus after_triggers(Firing& firing, const wire::ReplyTo& reply, MessageId shown, MessageId& id);
    /// Lets scripts put the candidates in another order.
    smpp::CommandStatus ask_route(Party& party, const smpp::MessageBody& pdu, const routing::RouteDecision& decision,
                                  const wire::ReplyTo& reply, MessageId shown, MessageId& id);
    smpp::CommandStatus go_home(Party& provider, const smpp::DeliverSm& pdu, const Owners& owners,
                                const wire::ReplyTo& reply);
    /// Goes on when a database has said whose it is.
    smpp::CommandStatus ask_owner(Party& provider, const smpp::DeliverSm& pdu, const routing::HomeRequest& request,
                                  const wire::ReplyTo& reply);
    smpp::CommandStatus triggered(Party& party, const smpp::DeliverSm& pdu, const Owners& owners,
                                  const wire::ReplyTo& reply);
    Owners chosen_owners(const script::Subject& subject);
    /// A copy for each owner, or for nobody; `id` is the first one's.
    smpp::CommandStatus originated(Party& party, const smpp::DeliverSm& pdu, const wire::ReplyTo& reply,
                                   std::span<const PartyId> owners, MessageId& id);
    smpp::CommandStatus after_triggers(Firing& firing, Party& party, const wire::ReplyTo& reply);
    /// A new message for a peer that has text otherwise: refused if its profile says so, or to go in parts (in `parts`
    /// then). Else it goes on whole, and is converted when it leaves.
    smpp::CommandStatus convert_new(const Message& m, const routing::TextProfile& from, const routing::TextProfile& to,
                                    Split& parts);
    /// `source` and `destination` are for the history.
    MessageId accept(Party& party, Message&& m, const Split& parts, const wire::ReplyTo& reply, std::string_view source,
                     std::string_view destination);
    MessageId accept(Party& party, Unpaid::Item&& item, const wire::ReplyTo& reply);
    /// Accepts what has been paid for.
    void accept(Party& party, Unpaid&& paid);
    /// Keeps it until it is paid for, by itself or with the rest of its submit_multi.
    smpp::CommandStatus hold(Party& party, Message&& m, Split&& parts, const wire::ReplyTo& reply);
    /// The answer to a submit_multi, after the commit of what it brought.
    void answer_multi(MessageId shown, std::vector<std::uint8_t> unsuccess, std::uint8_t count,
                      const wire::ReplyTo& reply);
    static smpp::CommandStatus check_sender(const routing::Account& account, smpp::MessageBody& pdu);
    smpp::CommandStatus times(const routing::Account& account, const smpp::MessageBody& pdu, Message& m) const;
    /// Accepts a copy for `owner`, which may be nobody; `reply` is answered after its commit.
    MessageId take_home(Party& provider, PartyId owner, const smpp::DeliverSm& pdu, const wire::ReplyTo& reply);
    bool full() const;

    struct Unsuccess {
        std::vector<std::uint8_t> raw;
        std::uint8_t count = 0;
    };
    Core& core_;
    std::unordered_map<MessageId, Unsuccess> unsuccess_;
    Purses purses_;
    Unpaid* together_ = nullptr;  ///< while a submit_multi is taken apart whose account pays in a database
    std::size_t owner_lookups_ = 0;  ///< under way
    script::Subject sending_;     ///< of `send`, to be used again
    std::uint16_t reference_ = 0;  ///< of the last message that was split
};

smpp::MessageBody message_body(const smpp::DataSm& pdu);

}  // namespace sluice::gateway
