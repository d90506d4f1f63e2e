#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "codecs/smpp/status.hpp"
#include "engine/base/money.hpp"

namespace sluice::routing {

enum class ChargingMode : std::uint8_t {
    none,      ///< nothing is counted
    prepaid,   ///< messages are refused when the credits have run out
    postpaid,  ///< the balance may go below zero, as far as the credit limit
    database,  ///< the credits are in the account's own database; what was put aside and spent is counted here
};
constexpr std::string_view to_string(ChargingMode mode) {
    switch (mode) {
        case ChargingMode::prepaid: return "prepaid";
        case ChargingMode::postpaid: return "postpaid";
        case ChargingMode::database: return "database";
        default: return "none";
    }
}

/// When what was reserved for a message is spent.
enum class SettleAt : std::uint8_t {
    response,  ///< the provider has taken it; what becomes of it afterwards changes nothing
    receipt,   ///< its final state is known; a failure costs nothing
};

/// How an account pays.
struct Charging {
    ChargingMode mode = ChargingMode::none;
    Money opening;                      ///< booked once, when the account has never had a balance
    std::optional<Money> price;         ///< of a part, whatever the route's
    std::optional<Money> credit_limit;  ///< postpaid: how far below zero; none: without limit
    SettleAt settle_at = SettleAt::response;
    /// What must be left of a part's price after the provider's; below zero: the largest loss.
    std::optional<Money> least_margin;
    /// With ChargingMode::database: the answer to messages while that cannot be asked.
    smpp::CommandStatus away_status = smpp::CommandStatus::ESME_RTHROTTLED;
    bool gives_back = false;            ///< likewise: what failed is given back there

    bool on() const { return mode != ChargingMode::none; }
    bool gives_back_elsewhere() const { return mode == ChargingMode::database && gives_back; }
    /// Whether the balance bounds what it may send.
    bool limited() const { return mode == ChargingMode::prepaid || (mode == ChargingMode::postpaid && credit_limit); }
    /// The least the balance may come to, where that is limited.
    Money floor() const { return mode == ChargingMode::postpaid && credit_limit ? Money{} - *credit_limit : Money{}; }

    friend bool operator==(const Charging&, const Charging&) = default;
};

}  // namespace sluice::routing
