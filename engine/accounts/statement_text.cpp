#include "engine/accounts/statement_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::accounts {
namespace {

bool is_word(std::string_view text) {
    const auto fits = [](char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return !text.empty() && std::ranges::all_of(text, fits);
}

}  // namespace

Result<StatementText> StatementText::parse(std::string_view written, const std::vector<std::string_view>& names,
                                           Needs needs) {
    StatementText statement;
    std::string all;
    for (const std::string_view name : names)
        all.append(all.empty() ? "{" : needs == Needs::all ? " and {" : " or {").append(name).append("}");
    for (std::size_t at = 0; at < written.size();) {
        const std::size_t end = written[at] == '{' ? written.find('}', at) : std::string_view::npos;
        const std::string_view word =
            end != std::string_view::npos ? written.substr(at + 1, end - at - 1) : std::string_view();
        if (!is_word(word)) {
            if (written[at] == '?') return fail(fmt::format("parameters are named, as {}; a ? means nothing", all));
            statement.text_ += written[at++];
            continue;
        }
        const auto name = std::ranges::find(names, word);
        if (name == names.end()) return fail(fmt::format("there is no {{{}}}; the parameters are {}", word, all));
        statement.text_ += '?';
        statement.places_.push_back(static_cast<std::size_t>(name - names.begin()));
        at = end + 1;
    }
    for (std::size_t i = 0; i < names.size(); ++i)
        if (statement.places_.empty() ||
            (needs == Needs::all && std::ranges::find(statement.places_, i) == statement.places_.end()))
            return fail(fmt::format("must have {} in it, where the values go", all));
    return statement;
}

sql::Statement StatementText::with(const std::vector<sql::Parameter>& values) const {
    sql::Statement statement{text_, {}};
    for (const std::size_t place : places_) statement.parameters.push_back(values[place]);
    return statement;
}

}  // namespace sluice::accounts
