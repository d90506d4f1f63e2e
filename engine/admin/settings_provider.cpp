#include <algorithm>
#include <cstdio>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "engine/admin/price_file.hpp"
#include "engine/admin/settings_sections.hpp"
#include "engine/admin/settings_status.hpp"
#include "engine/admin/settings_text.hpp"

namespace sluice::admin {
namespace {

using routing::IdFormat;
using routing::ProviderBind;

constexpr Choices<IdFormat, 4> id_formats{{{"auto", IdFormat::automatic},
                                           {"decimal", IdFormat::decimal},
                                           {"hex", IdFormat::hex},
                                           {"as_is", IdFormat::as_is}}};
constexpr Choices<ProviderBind, 4> binds{{{"transceiver", ProviderBind::transceiver},
                                          {"pair", ProviderBind::pair},
                                          {"transmitter", ProviderBind::transmitter},
                                          {"receiver", ProviderBind::receiver}}};
constexpr Choices<std::uint8_t, 3> interface_versions{{{"3.3", smpp::interface_version_33},
                                                       {"3.4", smpp::interface_version_34},
                                                       {"5.0", smpp::interface_version_50}}};
constexpr std::size_t max_endpoints = 8;
constexpr std::size_t max_password = 64;

/// The first line of a file; the error says what is wrong.
Result<std::string> first_line(const std::filesystem::path& file) {
    std::error_code error;
    // Anything else (a pipe, a device) could keep us waiting for ever.
    if (!std::filesystem::is_regular_file(file, error)) return fail('\'' + file.string() + "' is not a file");
    std::ifstream in(file);
    std::string line(max_password + 2, '\0');
    if (!in.read(line.data(), static_cast<std::streamsize>(line.size())) && !in.eof())
        return fail('\'' + file.string() + "' cannot be read");
    line.resize(static_cast<std::size_t>(in.gcount()));
    line.resize(std::min(line.size(), line.find_first_of("\r\n")));
    return line;
}

}  // namespace

void read_clear_password(TableReader& reader, std::string& password) {
    int sources = 0;
    for (const std::string_view key : {"password", "password_file", "password_env"}) sources += reader.has(key);
    reader.text("password", password, 0, max_password);

    std::filesystem::path file;
    if (reader.path("password_file", file)) {
        auto line = first_line(file);
        if (!line) reader.error("password_file", line.error().message);
        else if (line->size() > max_password)
            reader.error("password_file", '\'' + file.string() + "' holds more than " + std::to_string(max_password) +
                                              " characters in its first line");
        else password = std::move(*line);
    }
    std::string variable;
    if (reader.text("password_env", variable, 1, 200)) {
        const char* value = std::getenv(variable.c_str());
        if (value == nullptr) reader.error("password_env", "the environment has no variable " + variable);
        else if (std::string_view(value).size() > max_password)
            reader.error("password_env", variable + " holds more than " + std::to_string(max_password) + " characters");
        else password = value;
    }
    if (sources > 1) reader.error("password", "give one of password, password_file and password_env");
}

namespace {

void read_endpoints(TableReader& reader, std::vector<HostPort>& endpoints) {
    const bool given =
        reader.texts("endpoints", [&](const std::string& text, const Value& item, const std::string& field) {
            auto endpoint = parse_host_port(text);
            if (!endpoint) reader.context().error(item.at, field, "'" + text + "': " + endpoint.error().message);
            else if (endpoint->port == 0)
                reader.context().error(item.at, field, "'" + text + "': a port is 1 to 65535");
            else endpoints.push_back(std::move(*endpoint));
        });
    const Value* list = given ? reader.raw("endpoints") : nullptr;
    if (list != nullptr && (list->items.empty() || list->items.size() > max_endpoints))
        reader.error("endpoints", "has " + std::to_string(list->items.size()) + " entries; allowed are 1 to " +
                                      std::to_string(max_endpoints));
    reader.require("endpoints");
}

constexpr Choices<smpp::NamedTlvType, 4> tlv_types{{{"integer", smpp::NamedTlvType::integer},
                                                    {"c_octet_string", smpp::NamedTlvType::c_octet_string},
                                                    {"octet_string", smpp::NamedTlvType::octet_string},
                                                    {"decimal", smpp::NamedTlvType::decimal}}};
constexpr Choices<routing::TlvMeaning, 6> tlv_meanings{{{"none", routing::TlvMeaning::none},
                                                        {"message_id", routing::TlvMeaning::message_id},
                                                        {"message_state", routing::TlvMeaning::message_state},
                                                        {"error", routing::TlvMeaning::error},
                                                        {"mcc_mnc", routing::TlvMeaning::mcc_mnc},
                                                        {"done_date", routing::TlvMeaning::done_date}}};
constexpr std::size_t max_tlvs = 32;

std::string hex_tag(std::uint16_t tag) {
    char text[8];
    std::snprintf(text, sizeof text, "0x%04X", tag);
    return text;
}

void read_tlv(TableReader& reader, const std::vector<routing::VendorTlv>& earlier, routing::VendorTlv& read) {
    std::uint16_t tag = 0;
    if (reader.number("tag", tag, 1, 0xFFFF)) {
        read.tlv.tag = smpp::Tag{tag};
        if (const smpp::TlvRow* row = smpp::find_tlv(read.tlv.tag))
            reader.error("tag", hex_tag(tag) + " is SMPP's own " + std::string(row->name) +
                                    "; the vendors' are 0x1400 to 0x3FFF");
        for (const routing::VendorTlv& other : earlier)
            if (other.tlv.tag == read.tlv.tag)
                reader.error("tag", hex_tag(tag) + " is taken by '" + other.tlv.name + "' already");
    }
    reader.require("tag");
    if (reader.text("name", read.tlv.name, 1, 64) &&
        !std::ranges::all_of(read.tlv.name, [](char c) { return c > ' ' && c < 0x7F && c != '=' && c != '"'; }))
        reader.error("name", "must be printable ASCII without blanks, '=' and '\"'");
    reader.require("name");
    reader.choice("type", read.tlv.type, tlv_types);
    reader.require("type");
    reader.choice("means", read.means, tlv_meanings);
    if (read.means == routing::TlvMeaning::none) return;
    if (read.tlv.type == smpp::NamedTlvType::octet_string)
        reader.error("means", "an octet_string can mean nothing but itself; give it another type");
    for (const routing::VendorTlv& other : earlier)
        if (other.means == read.means)
            reader.error("means", "'" + other.tlv.name + "' means " + std::string(to_string(read.means)) + " already");
}

void read_tlvs(TableReader& reader, std::vector<routing::VendorTlv>& tlvs) {
    reader.tables("tlvs", [&](TableReader& table) {
        routing::VendorTlv tlv;
        read_tlv(table, tlvs, tlv);
        tlvs.push_back(std::move(tlv));
    });
    if (tlvs.size() > max_tlvs) reader.error("tlvs", "has more than " + std::to_string(max_tlvs) + " entries");
}

void read_status_map(TableReader& reader, routing::StatusMap& map) {
    reader.entries("status_map", [&](const Value::Entry& entry, const std::string& field) {
        const auto range = parse_status_range(entry.key);
        if (!range) {
            reader.context().error(entry.at, field, range.error().message);
            return;
        }
        const auto error_class = entry.value.kind == Value::Kind::text ? routing::parse_error_class(entry.value.text)
                                                                       : std::nullopt;
        if (!error_class || *error_class == routing::ErrorClass::unanswered)
            reader.context().error(entry.value.at, field,
                                   "must be \"ok\", \"throttled\", \"temporary\", \"permanent\" or \"unknown\"");
        else map.set(range->first, range->last, *error_class);
    });
}

}  // namespace

namespace {

constexpr Money most_cost = Money::of(1'000'000'000);
constexpr std::uintmax_t largest_file = std::uintmax_t{1} << 30;

/// A whole file; an error of the key where it cannot be read.
std::optional<std::string> contents(TableReader& reader, std::string_view key, const std::filesystem::path& file) {
    std::error_code error;
    std::string text;
    if (std::filesystem::is_regular_file(file, error) && std::filesystem::file_size(file, error) <= largest_file) {
        std::ifstream in(file, std::ios::binary);
        text.resize(std::filesystem::file_size(file, error));
        if (!error && in.read(text.data(), static_cast<std::streamsize>(text.size()))) return text;
    }
    reader.error(key, "'" + file.string() + "' cannot be read");
    return std::nullopt;
}

void read_prices(TableReader& reader, routing::Prices& prices) {
    std::filesystem::path file, networks_file;
    const bool has_prices = reader.path("prices", file);
    const bool has_networks = reader.path("networks", networks_file);
    if (has_networks && !has_prices && !reader.describing())
        reader.error("networks", "says which numbers are of which network, for `prices`; there are none");
    if (!has_prices) return;
    std::vector<NetworkPrefix> networks;
    if (has_networks) {
        const auto text = contents(reader, "networks", networks_file);
        if (!text) return;
        auto parsed = parse_networks(*text, networks_file.string());
        if (!parsed) return reader.error("networks", parsed.error().message);
        networks = std::move(*parsed);
    }
    const auto text = contents(reader, "prices", file);
    if (!text) return;
    auto rows = parse_prices(*text, file.string(), networks);
    if (!rows) return reader.error("prices", rows.error().message);
    if (rows->empty()) return reader.error("prices", "'" + file.string() + "' has no price that any number goes by");
    auto table = routing::PriceTable::compile(std::move(*rows));
    if (!table) return reader.error("prices", "'" + file.string() + "': " + table.error().message);
    prices.table = std::move(*table);
}

}  // namespace

void read_provider(TableReader& reader, routing::Provider& provider) {
    if (reader.text("name", provider.name, 1, 64)) provider.key = routing::stable_key(provider.name);
    reader.require("name");
    reader.boolean("enabled", provider.enabled);
    read_endpoints(reader, provider.endpoints);
    if (reader.has("tls") || reader.describing())
        reader.table("tls", [&](TableReader& table) { read_provider_tls(table, provider.tls.emplace()); });
    reader.text("system_id", provider.system_id, 0, 64);
    reader.require("system_id");
    read_clear_password(reader, provider.password);
    reader.text("system_type", provider.system_type, 0, 64);
    reader.choice("bind", provider.bind, binds);
    reader.number("binds", provider.binds, 1, 1000);
    reader.number("window", provider.window, 1, 65'535);
    reader.number("peer_window", provider.peer_window, 1, 65'535);
    read_rate(reader, provider.rate, 10);
    reader.boolean("adapt", provider.adapt);
    reader.choice("interface_version", provider.interface_version, interface_versions);
    reader.number("address_ton", provider.address_ton, 0, 255);
    reader.number("address_npi", provider.address_npi, 0, 255);
    reader.text("address_range", provider.address_range, 0, 40);
    reader.choice("response_id_format", provider.response_id_format, id_formats);
    reader.choice("receipt_id_format", provider.receipt_id_format, id_formats);
    read_text(reader, provider.text, true);
    if (provider.text.segmentation == routing::Segmentation::sar &&
        provider.interface_version < smpp::interface_version_34)
        reader.error("segmentation", "\"sar\" needs TLVs, which interface_version \"3.3\" does not have");
    reader.boolean("receipts_by_text", provider.receipts_by_text);
    reader.boolean("strip_trailing_nul", provider.strip_trailing_nul);
    read_tlvs(reader, provider.tlvs);
    read_status_map(reader, provider.status_map);
    reader.table("retry", [&](TableReader& retry) { read_retry(retry, provider.retry); });
    read_money(reader, "cost", provider.cost, most_cost);
    read_prices(reader, provider.prices);
    reader.number("max_per_hour", provider.caps.per_hour, 1, routing::largest_cap);
    reader.number("max_per_day", provider.caps.per_day, 1, routing::largest_cap);
    reader.number("max_queued", provider.max_queued, 1, 10'000'000'000);
    reader.table("timers", [&](TableReader& timers) {
        timers.duration("session_init", provider.timers.session_init, seconds(1), std::chrono::hours(1));
        timers.duration("enquire_link", provider.timers.enquire_link, seconds(0), std::chrono::hours(24));
        timers.duration("response", provider.timers.response, seconds(1), std::chrono::hours(1));
        timers.duration("reconnect_min", provider.timers.reconnect_min, milliseconds(10), std::chrono::hours(1));
        timers.duration("reconnect_max", provider.timers.reconnect_max, milliseconds(10), std::chrono::hours(24));
        if (provider.timers.reconnect_min > provider.timers.reconnect_max)
            timers.error("reconnect_min", "is longer than reconnect_max");
    });
    reader.table("outbind", [&](TableReader& outbind) {
        read_address(outbind, "listen", provider.outbind.listen);
        outbind.require("listen");
        outbind.text("system_id", provider.outbind.system_id, 1, 64);
        outbind.require("system_id");
        read_clear_password(outbind, provider.outbind.password);
        read_addresses(outbind, provider.outbind.allowed_addresses);
        outbind.require("allowed_addresses");
    });
    read_country_code(reader, provider.country_code);
}

}  // namespace sluice::admin
