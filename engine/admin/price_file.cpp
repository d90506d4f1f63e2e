#include "engine/admin/price_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "engine/admin/csv.hpp"
#include "engine/admin/settings_sections.hpp"
#include "engine/admin/utc_text.hpp"

namespace sluice::admin {

namespace {

using routing::NumberPattern;
using Row = routing::PriceTable::Row;

constexpr std::size_t max_reported = 10;
constexpr std::size_t not_there = SIZE_MAX;

bool are_digits(std::string_view text) { return text.find_first_not_of("0123456789") == text.npos; }

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

/// A file of rows under headings; keeps what is wrong with it.
class Sheet {
public:
    Sheet(std::string_view text, const std::string& name) : reader_(text), name_(name) {}

    /// Reads the headings; false, and a mistake noted, when there are none.
    bool headings() {
        std::vector<std::string_view> fields;
        if (!read(fields)) {
            if (mistakes_.empty()) mistake("there is nothing in it, not even a line of headings");
            return false;
        }
        for (const std::string_view field : fields) headings_.push_back(lower(field));
        return true;
    }
    std::size_t column(std::string_view heading) const {
        const auto found = std::ranges::find(headings_, heading);
        return found == headings_.end() ? not_there : static_cast<std::size_t>(found - headings_.begin());
    }
    /// The next row with as many fields as there are headings.
    bool next() {
        while (mistakes_.size() < max_reported && read(fields_)) {
            if (fields_.size() == headings_.size()) return true;
            mistake(fmt::format("{} fields under {} headings", fields_.size(), headings_.size()));
        }
        return false;
    }
    std::string_view field(std::size_t column) const { return fields_[column]; }
    std::uint32_t line() const { return static_cast<std::uint32_t>(std::min<std::size_t>(reader_.line(), UINT32_MAX)); }
    void mistake(const std::string& what) {
        mistakes_.push_back(fmt::format("{}:{}: {}", name_, std::max<std::size_t>(reader_.line(), 1), what));
    }
    void mistake(std::size_t column, const std::string& what) {
        const std::string heading = column < headings_.size() ? fmt::format(" ({})", headings_[column]) : "";
        mistake(fmt::format("column {}{}: {}", column + 1, heading, what));
    }
    std::optional<Error> error() const {
        if (mistakes_.empty()) return std::nullopt;
        std::string all;
        for (const std::string& mistake : mistakes_) all += (all.empty() ? "" : "\n") + mistake;
        return Error{all};
    }

private:
    bool read(std::vector<std::string_view>& fields) {
        const auto row = reader_.next(fields);
        if (row) return *row;
        mistake(fields.size(), row.error().message);
        return false;
    }

    CsvReader reader_;
    const std::string& name_;
    std::vector<std::string> headings_;
    std::vector<std::string_view> fields_;
    std::vector<std::string> mistakes_;
};

/// The columns that name a network.
class NetworkColumns {
public:
    explicit NetworkColumns(const Sheet& sheet)
        : both_(sheet.column("mccmnc")), mcc_(sheet.column("mcc")), mnc_(sheet.column("mnc")) {}

    bool there() const { return both_ != not_there || mcc_ != not_there; }
    /// "23415", or "234" for the whole country; none, and a mistake noted, where it is not one.
    std::optional<std::string> read(Sheet& sheet) const {
        std::string network(sheet.field(both_ != not_there ? both_ : mcc_));
        if (both_ == not_there && mnc_ != not_there) network += sheet.field(mnc_);
        if ((network.size() == 3 || network.size() == 5 || network.size() == 6) && are_digits(network)) return network;
        sheet.mistake(both_ != not_there ? both_ : mcc_,
                      fmt::format("'{}' is no MCC of three digits, alone or with an MNC of two or three", network));
        return std::nullopt;
    }

private:
    std::size_t both_, mcc_, mnc_;
};

std::optional<NumberPattern> read_prefix(Sheet& sheet, std::size_t column) {
    const std::string_view field = sheet.field(column);
    if (field == "*") return NumberPattern();
    // A cell that was left empty must not become the price of every destination.
    const auto prefix = NumberPattern::prefix(field);
    if (prefix && *prefix != NumberPattern()) return prefix;
    sheet.mistake(column, fmt::format("'{}' is not a prefix of 1 to 15 digits, as 4477, nor * for every number",
                                      field));
    return std::nullopt;
}

std::optional<Money> read_price(Sheet& sheet, std::size_t column) {
    const auto price = parse_money(sheet.field(column));
    if (price && *price >= Money{} && *price <= most_price) return price;
    sheet.mistake(column, fmt::format("'{}' is no price from 0 to {} with up to six decimals, as 0.0035",
                                      sheet.field(column), to_string(most_price)));
    return std::nullopt;
}

/// The columns that say when a price holds.
class ValidityColumns {
public:
    explicit ValidityColumns(const Sheet& sheet)
        : from_(sheet.column("valid_from")), until_(sheet.column("valid_until")) {}

    /// False, and a mistake noted, where they are wrong.
    bool read(Sheet& sheet, Row& row) const {
        bool date = false;
        if (!read(sheet, from_, row.from, date)) return false;
        date = false;
        if (!read(sheet, until_, row.until, date)) return false;
        if (date) row.until += std::chrono::days(1);
        if (row.from < row.until) return true;
        sheet.mistake(until_, fmt::format("'{}' is not after valid_from, '{}'", sheet.field(until_),
                                          sheet.field(from_)));
        return false;
    }

private:
    static bool read(Sheet& sheet, std::size_t column, WallTime& time, bool& date) {
        if (column == not_there || sheet.field(column).empty()) return true;
        const auto parsed = parse_utc(sheet.field(column), &date);
        if (parsed) time = *parsed;
        else
            sheet.mistake(column, fmt::format("'{}' is no time in UTC, as 2026-12-01 or 2026-12-01T14:00",
                                              sheet.field(column)));
        return parsed.has_value();
    }

    std::size_t from_, until_;
};

}  // namespace

Result<std::vector<NetworkPrefix>> parse_networks(std::string_view text, const std::string& name) {
    Sheet sheet(text, name);
    std::vector<NetworkPrefix> networks;
    if (sheet.headings()) {
        const std::size_t prefix = sheet.column("prefix");
        const NetworkColumns network(sheet);
        if (prefix == not_there || !network.there())
            sheet.mistake("the headings must be prefix and mccmnc, or prefix, mcc and mnc");
        else
            while (sheet.next())
                if (const auto its_prefix = read_prefix(sheet, prefix))
                    if (auto its_network = network.read(sheet))
                        networks.push_back({*its_prefix, std::move(*its_network)});
    }
    if (const auto error = sheet.error()) return std::unexpected(*error);
    return networks;
}

Result<std::vector<Row>> parse_prices(std::string_view text, const std::string& name,
                                      const std::vector<NetworkPrefix>& networks) {
    Sheet sheet(text, name);
    std::vector<Row> rows;
    std::map<std::string, std::vector<Row>, std::less<>> by_network;  // their prefixes are to come
    if (sheet.headings()) {
        const std::size_t prefix = sheet.column("prefix"), price = sheet.column("price");
        const NetworkColumns network(sheet);
        const ValidityColumns validity(sheet);
        if (price == not_there || (prefix == not_there && !network.there())) {
            sheet.mistake("the headings must be price and prefix, or price and mccmnc");
        } else if (prefix == not_there && networks.empty()) {
            sheet.mistake("its prices are by network, which needs `networks` to say which numbers are of which");
        } else {
            while (sheet.next()) {
                Row row;
                row.line = sheet.line();
                const auto its_price = read_price(sheet, price);
                if (!its_price || !validity.read(sheet, row)) continue;
                row.price = *its_price;
                if (prefix == not_there) {
                    if (const auto its_network = network.read(sheet)) by_network[*its_network].push_back(row);
                } else if (const auto its_prefix = read_prefix(sheet, prefix)) {
                    row.prefix = *its_prefix;
                    rows.push_back(row);
                }
            }
        }
    }
    for (const NetworkPrefix& each : networks) {
        auto its = by_network.find(each.network);
        if (its == by_network.end()) its = by_network.find(std::string_view(each.network).substr(0, 3));
        if (its == by_network.end()) continue;
        for (Row row : its->second) {
            row.prefix = each.prefix;
            rows.push_back(row);
        }
    }
    if (const auto error = sheet.error()) return std::unexpected(*error);
    return rows;
}

}  // namespace sluice::admin
