#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "codecs/smpp/values.hpp"
#include "engine/base/bytes.hpp"
#include "engine/base/money.hpp"
#include "engine/gateway/message.hpp"

namespace sluice::gateway {

/// One change of an account's credits, as the journal has it: this and `text_size` octets behind it. `message` and
/// `kind` name it for ever: no message has two of one kind.
struct Movement {
    enum class Kind : std::uint8_t {
        reserved = 1,  ///< a message was accepted: its price is put aside
        settled,       ///< what was put aside is spent
        released,      ///< it is given back
        credited,      ///< by the operator: an opening balance, a top-up, or a correction (which may be negative)
    };
    /// Enough for service_type and both addresses, at the beginning of every body.
    static constexpr std::size_t most_text = 64;

    std::int64_t at = 0;        ///< microseconds since 1970
    std::int64_t amount = 0;    ///< Money::micros
    MessageId message = 0;      ///< of the message or part; `credited`: an id of its own
    MessageId shown_id = 0;     ///< what the account knows the message by
    std::int64_t accepted_at = 0;  ///< of the message, microseconds
    PartyId account = 0;
    PartyId provider = 0;
    Kind kind{};
    /// `settled` at a receipt, `released`: the final state; else enroute.
    smpp::MessageState state = smpp::MessageState::enroute;
    std::uint8_t part = 0, parts = 0;  ///< where we split it: which one of how many
    std::uint8_t units = 0;        ///< parts that the amount is for
    std::uint8_t text_size = 0;    ///< the beginning of the message's body; `credited`: the operator's reference
    std::uint8_t error_size = 0;
    char error[14] = {};           ///< `released`: `err` of the receipt
    std::uint8_t reserved[3] = {};
};
static_assert(sizeof(Movement) == 72);

/// Movements one after the other, as journal records; what a ChargingRecords takes.
using Movements = std::vector<std::uint8_t>;

/// Where charging records go once they are true. Called from shards' threads; nobody ever waits.
class ChargingRecords {
public:
    virtual ~ChargingRecords() = default;
    /// Copies the movements of a batch that has been committed; false, and nothing happens, when there is no room now.
    /// Batches of a shard come in order, after a start from the oldest that may not have been written.
    virtual bool take(std::uint32_t shard, std::uint64_t batch, const Movements& movements) = 0;
    /// Everything of the shard's batches up to this one is written for good.
    virtual std::uint64_t written(std::uint32_t shard) const = 0;
};

}  // namespace sluice::gateway
