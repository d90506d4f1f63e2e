#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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
struct Message {
    MessageId id = 0;
    MessageId shown_id = 0;                ///< what the customer knows it by: submit_multi shows one id for all
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
    bool maybe_duplicate = false;          ///< a try had no answer: the next one may be a second copy (interop S7)
    bool has_row = false;                  ///< a row of Table::message exists
    bool kept = false;                     ///< awaiting: its entry in the receipt index survives a crash
    bool keep_asked = false;               ///< that was asked for
    bool explicit_validity = false;        ///< the customer set validity_period
    bool own_text = false;                 ///< a part that we made: its text is as parts_profile in convert.hpp says
    std::uint8_t part = 0;                 ///< which part of a message that we split; 0: of none. See parts.hpp
    std::uint8_t parts = 0;
    std::uint8_t parts_left = 0;           ///< in the first part: those without a final state
    bool part_over = false;                ///< this part has its final state, others have not
    bool part_accepted = false;            ///< in the first part: one ended without a receipt that could be matched
    bool decided = false;                  ///< in the first part: another one failed, and so the whole
    std::uint8_t charge_units = 0;         ///< parts that `charge` is for
    std::uint8_t counted = 0;              ///< parts that this try took from its provider's cap; see caps.hpp
    std::uint32_t counted_in = 0;          ///< in which hour (routing::HourNumber)
    Money charge;                          ///< put aside for it; zero once that is spent or given back, see charges.hpp
    std::uint8_t error_size = 0;
    char error[14] = {};                   ///< `err` of the receipt
    std::uint64_t position = 0;            ///< order within its lane: its id, or when its report was queued
    std::uint64_t lane_row = 0;            ///< its lane's key if a row of Table::queue exists under it
    std::uint64_t time_row = 0;            ///< key of its row in Table::queue that says when to look at it; 0: none
    WallTime accepted_at{};
    WallTime expires_at{};
    WallTime due_at{};                     ///< while waiting
    WallTime done_at{};                    ///< when the final state was reached
    std::string provider_id;               ///< message_id as the provider gave it
    std::uint64_t receipt_key = 0;         ///< what that comes to in the receipt index; 0: no receipt is to come
    std::vector<std::uint8_t> report_tlvs; ///< of the provider's receipt, for the account's: what SMPP does not define,
                                           ///< up to limits::receipt_tlvs octets
    PooledOctets body;                     ///< submit_sm or deliver_sm body, validity and schedule taken out

    std::uint64_t segment = 0;             ///< oldest journal segment that is needed to rebuild this; 0: none
    Message* segment_prev = nullptr;
    Message* segment_next = nullptr;
    Message* lane_prev = nullptr;
    Message* lane_next = nullptr;

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

}  // namespace sluice::gateway
