#include "engine/accounts/row.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>

namespace sluice::accounts {
namespace {

constexpr std::size_t most_in_list = 1000;

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

/// "max_sessions", "MaxSessions" and "MAXSESSIONS" are the same.
std::string plain(std::string_view name) {
    std::string result;
    for (const char c : name)
        if (c != '_') result += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    return result;
}

/// Values of one row by the plain names of their columns.
class Row {
public:
    Row(const sql::Answer& answer, std::size_t row) : answer_(answer), row_(row) {}

    /// None when there is no such column, or NULL in it.
    std::optional<std::string_view> find(std::string_view name) const {
        for (std::size_t i = 0; i < answer_.columns.size(); ++i)
            if (plain(answer_.columns[i]) == name && answer_.rows[row_][i]) return trimmed(*answer_.rows[row_][i]);
        return std::nullopt;
    }

    template <class Number>
    Result<void> number(const char* name, Number& value, std::uint64_t least, std::uint64_t most) const {
        const auto text = find(name);
        if (!text) return {};
        std::uint64_t read = 0;
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), read);
        if (error != std::errc() || end != text->data() + text->size() || read < least || read > most)
            return fail("column " + std::string(name) + " is not " + std::to_string(least) + " to " +
                        std::to_string(most));
        value = static_cast<Number>(read);
        return {};
    }

    /// Words with commas or blanks between them; the first error of `each` ends it.
    Result<void> words(const char* name, const std::function<Result<void>(std::string_view)>& each) const {
        std::string_view rest = find(name).value_or(std::string_view());
        std::size_t count = 0;
        while (!(rest = trimmed(rest)).empty()) {
            const std::size_t end = rest.find_first_of(", \t\r\n");
            const std::string_view word = rest.substr(0, end);
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
            if (word.empty()) continue;
            if (++count > most_in_list)
                return fail("column " + std::string(name) + " has more than " + std::to_string(most_in_list) +
                            " entries");
            if (auto done = each(word); !done) return fail("column " + std::string(name) + ": " + done.error().message);
        }
        return {};
    }

private:
    const sql::Answer& answer_;
    std::size_t row_;
};

Result<void> read_credits(const Row& row, routing::Charging& charging) {
    if (!charging.on()) return {};
    const auto read = [&](const char* name, Money& value) -> Result<bool> {
        const auto text = row.find(name);
        if (!text) return false;
        const auto amount = parse_money(*text);
        if (!amount || *amount < Money{}) return fail("column " + std::string(name) + " is no amount");
        value = *amount;
        return true;
    };
    Money price;
    const auto priced = read("price", price);
    if (!priced) return std::unexpected(priced.error());
    if (*priced) charging.price = price;
    if (charging.mode == routing::ChargingMode::database) return {};
    if (const auto credits = read("credits", charging.opening); !credits) return std::unexpected(credits.error());
    return {};
}

Result<void> read_enabled(const Row& row, bool& enabled) {
    const auto text = row.find("enabled");
    if (!text) return {};
    // Databases without a type for it have numbers; PostgreSQL's driver gives "1" and "0", others words.
    const std::string word = plain(*text);
    if (word == "1" || word == "true" || word == "t" || word == "y" || word == "yes") enabled = true;
    else if (word == "0" || word == "false" || word == "f" || word == "n" || word == "no") enabled = false;
    else return fail("column enabled is neither 1 nor 0");
    return {};
}

}  // namespace

Result<routing::Account> account_of_row(const sql::Answer& answer, std::size_t at, const routing::Account& defaults,
                                        std::string_view scheme) {
    const Row row(answer, at);
    routing::Account account = defaults;
    account.enabled = true;
    account.is_source = false;

    const auto system_id = row.find("systemid");
    if (!system_id || system_id->empty() || system_id->size() > 64)
        return fail("there is no column SystemID with 1 to 64 characters");
    account.system_id = *system_id;
    account.key = routing::stable_key(account.system_id);
    const auto hash = row.find("passwordhash");
    if (!hash || hash->empty()) return fail("there is no column PasswordHash with something in it");
    account.password_hash = hash->starts_with('$') ? std::string(*hash) : fmt::format("${}${}", scheme, *hash);

    if (auto done = read_enabled(row, account.enabled); !done) return std::unexpected(done.error());
    if (const auto type = row.find("systemtype")) account.system_type = *type;
    if (auto done = row.number("maxsessions", account.max_sessions, 1, 100'000); !done)
        return std::unexpected(done.error());
    if (auto done = row.number("rate", account.rate.per_second, 0, 10'000'000); !done)
        return std::unexpected(done.error());
    if (row.find("rate")) account.rate.burst = account.rate.per_second;
    if (auto done = row.number("maxqueued", account.max_queued, 1, 10'000'000'000); !done)
        return std::unexpected(done.error());
    if (row.find("allowedaddresses")) account.allowed_addresses.clear();
    auto addresses = row.words("allowedaddresses", [&](std::string_view word) -> Result<void> {
        auto range = routing::Cidr::parse(word);
        if (!range) return std::unexpected(range.error());
        account.allowed_addresses.push_back(*range);
        return {};
    });
    if (!addresses) return std::unexpected(addresses.error());
    if (row.find("senders")) account.senders.clear();
    auto senders = row.words("senders", [&](std::string_view word) -> Result<void> {
        auto sender = routing::SourcePattern::parse(word);
        if (!sender) return std::unexpected(sender.error());
        account.senders.push_back(std::move(*sender));
        return {};
    });
    if (!senders) return std::unexpected(senders.error());
    auto numbers = row.words("addressrange", [&](std::string_view word) -> Result<void> {
        const auto number = routing::NumberPattern::parse(word);
        if (!number || number->length() == 0)
            return fail(fmt::format("'{}' is neither a number of 1 to 15 digits nor a prefix, as 44770*", word));
        account.numbers.push_back(*number);
        return {};
    });
    if (!numbers) return std::unexpected(numbers.error());
    if (auto done = read_credits(row, account.charging); !done) return std::unexpected(done.error());
    return account;
}

}  // namespace sluice::accounts
