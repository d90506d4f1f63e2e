// Any octets are price and network lists or refused, each mistake by its line; what is read makes a table or says which
// prefix has two prices at a time, and the table knows each of its prefixes while it has a price.

#include <cstdint>
#include <string_view>

#include "engine/admin/price_file.hpp"
#include "engine/base/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice;
    const std::string_view text(reinterpret_cast<const char*>(data), size);

    // Before a NUL is the list of networks, after it that of prices.
    const std::size_t end = text.find('\0');
    const auto networks = admin::parse_networks(end == text.npos ? "" : text.substr(0, end), "n.csv");
    if (!networks) SLUICE_CHECK(networks.error().message.starts_with("n.csv:"));
    const auto rows = admin::parse_prices(end == text.npos ? text : text.substr(end + 1), "p.csv",
                                          networks ? *networks : std::vector<admin::NetworkPrefix>());
    if (!rows) {
        SLUICE_CHECK(rows.error().message.starts_with("p.csv:"));
        return 0;
    }
    const auto table = routing::PriceTable::compile(*rows);
    if (!table) {
        SLUICE_CHECK(table.error().message.starts_with("prefix "));
        return 0;
    }
    SLUICE_CHECK((*table)->size() <= rows->size());
    for (const auto& row : *rows) {
        const auto number = routing::Address::normalise(row.prefix.digits(), 3);
        if (number.text() != row.prefix.digits()) continue;
        SLUICE_CHECK(row.from < row.until);
        const WallTime begin = row.from == WallTime::min() ? WallTime{} : row.from;
        if (begin < row.until) SLUICE_CHECK((*table)->find(number, begin) == row.price);
        SLUICE_CHECK((*table)->find(number, row.until - microseconds(1)) == row.price);
    }
    return 0;
}
