#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "codecs/smpp/values.hpp"
#include "engine/base/bytes.hpp"
#include "engine/base/money.hpp"
#include "engine/base/pooled_octets.hpp"
#include "engine/base/slab.hpp"
#include "engine/base/time.hpp"
#include "engine/gateway/message_id.hpp"

namespace sluice::gateway {

/// Names an account or a provider on disk and between shards: made from its stable key, see party.hpp.
using PartyId = std::uint32_t;

enum class Kind : std::uint8_t {
    submitted,    ///< mobile-terminated: from an account to a provider
    originated,   ///< mobile-originated: from a provider to an account
    notice,       ///< an intermediate notification for an account (registered_delivery bit 4)
};

/// Which of its two ways a message is on.
enum class Leg : std::uint8_t {
    forward,  ///< on its way to where it was sent
    report,   ///< its delivery receipt is on the way to the account
};

enum class Stage : std::uint8_t {
    committing,  ///< written to the open batch, nobody was told yet
    queued,      ///< in a lane of its destination
    sending,     ///< given to a link, not answered
    waiting,     ///< for its retry or its scheduled time
    awaiting,    ///< sent; the provider's receipt is to come
};

/// A message in memory. What is durable of it is written by MessageStore; what it looks like on disk is in record.hpp.
///
/// Its fields lie by when they are looked at, a line of the cache each (a Slab's slot has eight octets before them):
/// nothing in the fourth is needed before the message reaches its final state.
struct Message {
    MessageId id = 0;
    Handle self;
    PartyId account = 0;
    PartyId provider = 0;
    Kind kind = Kind::submitted;
    Leg leg = Leg::forward;
    Stage stage = Stage::committing;
    smpp::MessageState final_state = smpp::MessageState::enroute;  ///< enroute: none yet
    std::uint8_t priority = 0;             ///< 0 to 3, 3 first
    std::uint8_t attempts = 0;             ///< failed tries on this leg
    std::uint8_t registered_delivery = 0;  ///< as the customer asked
    std::uint8_t part = 0;                 ///< which part of a message that we split; 0: of none. See parts.hpp
    std::uint8_t parts = 0;
    std::uint8_t parts_left = 0;           ///< in the first part: those without a final state
    std::uint8_t charge_units = 0;         ///< parts that `charge` is for
    std::uint8_t counted = 0;              ///< parts that this try took from its provider's cap; see caps.hpp
    std::uint32_t counted_in = 0;          ///< in which hour (routing::HourNumber)
    bool maybe_duplicate : 1 = false;      ///< a try had no answer: the next one may be a second copy (interop S7)
    bool has_row : 1 = false;              ///< a row of Table::message exists
    bool kept : 1 = false;                 ///< awaiting: its entry in the receipt index survives a crash
    bool keep_asked : 1 = false;           ///< that was asked for
    bool explicit_validity : 1 = false;    ///< the customer set validity_period
    bool own_text : 1 = false;             ///< a part that we made: its text is as parts_profile in convert.hpp says
    bool part_over : 1 = false;            ///< this part has its final state, others have not
    bool part_accepted : 1 = false;        ///< in the first part: one ended without a receipt that could be matched
    bool decided : 1 = false;              ///< in the first part: another one failed, and so the whole
    WallTime expires_at{};

    std::uint64_t position = 0;            ///< order within its lane: its id, or when its report was queued
    Message* lane_prev = nullptr;
    Message* lane_next = nullptr;
    PooledOctets body;                     ///< submit_sm or deliver_sm body, validity and schedule taken out
    WallTime due_at{};                     ///< while waiting
    std::uint64_t lane_row = 0;            ///< its lane's key if a row of Table::queue exists under it
    std::uint64_t time_row = 0;            ///< key of its row in Table::queue that says when to look at it; 0: none

    std::uint64_t segment = 0;             ///< oldest journal segment that is needed to rebuild this; 0: none
    Message* segment_prev = nullptr;
    Message* segment_next = nullptr;
    std::string provider_id;               ///< message_id as the provider gave it
    std::uint64_t receipt_key = 0;         ///< what that comes to in the receipt index; 0: no receipt is to come

    MessageId shown_id = 0;                ///< what the customer knows it by: submit_multi shows one id for all
    WallTime accepted_at{};
    WallTime done_at{};                    ///< when the final state was reached
    Money charge;                          ///< put aside for it; zero once that is spent or given back, see charges.hpp
    PooledOctets report_tlvs;              ///< of the provider's receipt, for the account's: what SMPP does not define,
                                           ///< up to limits::receipt_tlvs octets
    std::uint8_t error_size = 0;
    char error[14] = {};                   ///< `err` of the receipt

    ByteView body_view() const { return body.view(); }
    void set_body(ByteView octets) { body = PooledOctets(octets); }
    std::string_view error_text() const { return {error, error_size}; }
    void set_error(std::string_view text) {
        error_size = static_cast<std::uint8_t>(std::min(text.size(), sizeof error));
        std::copy_n(text.begin(), error_size, error);
    }
    /// Where it goes next.
    PartyId destination() const {
        return leg == Leg::report || kind != Kind::submitted ? account : provider;
    }
    bool to_account() const { return leg == Leg::report || kind != Kind::submitted; }
    MessageId first_part() const { return id - ((std::uint64_t{part} - 1) << 16); }
    /// Does the customer want a receipt for this final state? (v3.4 §5.2.17)
    bool wants_receipt(smpp::MessageState state) const {
        switch (registered_delivery & 0x03) {
            case 1: return true;
            case 2: return state != smpp::MessageState::delivered;
            case 3: return state == smpp::MessageState::delivered;
            default: return false;
        }
    }
};

static_assert(sizeof(Message) <= 248, "with what a Slab puts before it, it is four lines of the cache");

}  // namespace sluice::gateway
