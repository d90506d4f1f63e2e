#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/sql/statement.hpp"

namespace sluice::accounts {

/// An SQL statement of the configuration that names its parameters in braces, as "... WHERE SystemID = {system_id}". A
/// name may come more than once; braces around anything but a word are the statement's own.
class StatementText {
public:
    StatementText() = default;
    enum class Needs : std::uint8_t { all, one };
    /// All of `names`, or one at least, must be in it, and nothing else in braces; the error says what is not so.
    static Result<StatementText> parse(std::string_view written, const std::vector<std::string_view>& names,
                                       Needs needs = Needs::all);

    bool empty() const { return text_.empty(); }
    /// The parameter is in it; by its place in `names`.
    bool has(std::size_t name) const { return std::ranges::find(places_, name) != places_.end(); }
    /// `values` in the order of `names`.
    sql::Statement with(const std::vector<sql::Parameter>& values) const;
    friend bool operator==(const StatementText&, const StatementText&) = default;

private:
    std::string text_;                 ///< with a "?" for each
    std::vector<std::size_t> places_;  ///< of each in `names`
};

}  // namespace sluice::accounts
