#pragma once

#include <string_view>

#include "engine/base/result.hpp"
#include "engine/routing/account.hpp"
#include "engine/sql/statement.hpp"

namespace sluice::accounts {

/// The account that a row says, with everything that it does not say taken from `defaults`.
///
/// Columns are known by their names without underscores, upper and lower case being the same: SystemID and PasswordHash
/// must be there; Enabled, SystemType, MaxSessions, Rate, MaxQueued, AllowedAddresses, Senders, AddressRange, Price and
/// Credits may be, and NULL there leaves the default. Other columns are for others. A PasswordHash that does not begin
/// with "$" is taken as "$SCHEME$..." with `scheme`. Credits are the opening balance where the defaults say that one is
/// kept; else they are not looked at, nor is Price where nothing is charged. The error names the column.
Result<routing::Account> account_of_row(const sql::Answer& answer, std::size_t row, const routing::Account& defaults,
                                        std::string_view scheme);

}  // namespace sluice::accounts
