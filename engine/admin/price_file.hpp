#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/routing/price_table.hpp"

/// Price lists as providers send them, in CSV with a line of headings.
namespace sluice::admin {

/// A prefix and the network that its numbers are of: MCC and MNC (ITU-T E.212) as digits, "23415"; MCC alone stands for
/// the whole country.
struct NetworkPrefix {
    routing::NumberPattern prefix;
    std::string network;
};

/// Headings `prefix` and `mccmnc`, or `mcc` and `mnc`. `name` stands for the file in messages; the error holds up to
/// ten mistakes, "NAME:LINE: what is wrong" or "NAME:LINE: column N (HEADING): what is wrong" each.
Result<std::vector<NetworkPrefix>> parse_networks(std::string_view text, const std::string& name);

/// Headings `price` and `prefix`, or `price` and `mccmnc` (or `mcc` and `mnc`), which is turned into prefixes by
/// `networks`: a price of the network holds before one of its country. Where there are `valid_from` and `valid_until`,
/// a price holds from the one to the other, in UTC; a date alone is its first moment there and its last one here, an
/// empty cell no bound. Other columns are not looked at.
Result<std::vector<routing::PriceTable::Row>> parse_prices(std::string_view text, const std::string& name,
                                                           const std::vector<NetworkPrefix>& networks);

}  // namespace sluice::admin
