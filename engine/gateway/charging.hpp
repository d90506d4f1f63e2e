#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "codecs/smpp/pdu.hpp"
#include "engine/gateway/core.hpp"

/// What messages cost their accounts, and when. How that is kept is in charges.hpp.
///
/// All shards take from one number (AccountShared::available): to accept a message takes its price off at once, and
/// nothing comes back before the disk says so. So no account is ever below its limit, whatever stops when.
namespace sluice::gateway {

/// Takes what `units` parts cost off the account's balance, and notes it in `m`. ESME_ROK; otherwise the answer to the
/// submitter, with nothing taken. Where the account is not charged it costs a comparison; where
/// its credits are in a database nothing is taken yet.
smpp::CommandStatus reserve_charge(Core& core, const Party& party, const routing::RouteDecision& decision,
                                   std::size_t units, Message& m);
/// How many parts a text makes at the usual sizes (1 to 255), for messages that go whole.
std::size_t charged_parts(const smpp::MessageBody& pdu, ByteView body, const routing::TextProfile& text);

/// The provider has taken it, and a receipt is to come.
void charge_at_response(Core& core, Message& m);
/// It has reached its final state: what is still put aside is spent, or given back.
void charge_at_end(Core& core, Message& m, smpp::MessageState state, std::string_view error);

/// Books the opening balances that are due; at the start when all shards have recovered, and after each reload.
void open_balances(Core& core);
/// The same for one that has been found meanwhile, on whichever shard sees it first.
void open_balance(Core& core, const routing::Account& account);

/// Books a top-up or a correction, on the account's owner shard (see owner_shard). `done` comes
/// when it is on disk, with false when `reference` was used for this account before; nothing is
/// booked then. An empty reference is never compared.
void top_up(Core& core, PartyId account, Money amount, std::string reference, std::function<void(bool booked)> done);

}  // namespace sluice::gateway
