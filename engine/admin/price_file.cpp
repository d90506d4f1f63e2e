#include "engine/admin/price_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "engine/admin/csv.hpp"
#include "engine/admin/settings_sections.hpp"

namespace sluice::admin {

namespace {

using routing::NumberPattern;

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
    void mistake(const std::string& what) {
        mistakes_.push_back(fmt::format("{}:{}: {}", name_, std::max<std::size_t>(reader_.line(), 1), what));
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
        mistake(row.error().message);
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
        sheet.mistake(fmt::format("'{}' is no MCC of three digits, alone or with an MNC of two or three", network));
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
    sheet.mistake(fmt::format("'{}' is not a prefix of 1 to 15 digits, as 4477, nor * for every number", field));
    return std::nullopt;
}

std::optional<Money> read_price(Sheet& sheet, std::size_t column) {
    const auto price = parse_money(sheet.field(column));
    if (price && *price >= Money{} && *price <= most_price) return price;
    sheet.mistake(fmt::format("'{}' is no price from 0 to {} with up to six decimals, as 0.0035", sheet.field(column),
                              to_string(most_price)));
    return std::nullopt;
}

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
                    if (auto its_network = network.read(sheet)) networks.push_back({*its_prefix, std::move(*its_network)});
    }
    if (const auto error = sheet.error()) return std::unexpected(*error);
    return networks;
}

Result<std::vector<routing::PriceTable::Row>> parse_prices(std::string_view text, const std::string& name,
                                                           const std::vector<NetworkPrefix>& networks) {
    Sheet sheet(text, name);
    std::vector<routing::PriceTable::Row> rows;
    std::map<std::string, Money, std::less<>> by_network;
    if (sheet.headings()) {
        const std::size_t prefix = sheet.column("prefix"), price = sheet.column("price");
        const NetworkColumns network(sheet);
        if (price == not_there || (prefix == not_there && !network.there())) {
            sheet.mistake("the headings must be price and prefix, or price and mccmnc");
        } else if (prefix == not_there && networks.empty()) {
            sheet.mistake("its prices are by network, which needs `networks` to say which numbers are of which");
        } else {
            while (sheet.next()) {
                const auto its_price = read_price(sheet, price);
                if (!its_price) continue;
                if (prefix != not_there) {
                    if (const auto its_prefix = read_prefix(sheet, prefix)) rows.push_back({*its_prefix, *its_price});
                } else if (const auto its_network = network.read(sheet)) {
                    const auto [there, added] = by_network.emplace(*its_network, *its_price);
                    if (!added && there->second != *its_price)
                        sheet.mistake(fmt::format("network {} has another price above", *its_network));
                }
            }
        }
    }
    for (const NetworkPrefix& each : networks) {
        auto its = by_network.find(each.network);
        if (its == by_network.end()) its = by_network.find(std::string_view(each.network).substr(0, 3));
        if (its != by_network.end()) rows.push_back({each.prefix, its->second});
    }
    if (const auto error = sheet.error()) return std::unexpected(*error);
    return rows;
}

}  // namespace sluice::admin
