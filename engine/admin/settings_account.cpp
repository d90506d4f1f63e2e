#include <algorithm>

#include "engine/admin/password.hpp"
#include "engine/admin/settings_sections.hpp"
#include "engine/base/limits.hpp"

namespace sluice::admin {
namespace {

using routing::IdFormat;

constexpr Choices<IdFormat, 2> message_id_formats{{{"decimal", IdFormat::decimal}, {"hex", IdFormat::hex}}};
constexpr std::size_t max_ranges = 1000;
constexpr std::size_t max_numbers = 1'000'000;
constexpr std::size_t max_lists = 1000;
constexpr std::size_t max_senders = 1000;
constexpr std::size_t max_list_name = 20;

/// `other_way`: the account may come in by a certificate instead.
void read_password(TableReader& reader, routing::Account& account, bool other_way) {
    reader.forbid("password",
                  "is never kept in clear for an account; put what `sluice hash-password` prints into password_hash");
    if (!reader.text("password_hash", account.password_hash, 1, 200)) {
        if (!reader.has("password") && !reader.has("password_hash") && !other_way) reader.require("password_hash");
        return;
    }
    if (const auto fine = check_password_hash(account.password_hash); !fine)
        reader.error("password_hash", fine.error().message);
}

}  // namespace

void read_addresses(TableReader& reader, std::vector<routing::Cidr>& ranges) {
    reader.texts("allowed_addresses", [&](const std::string& text, const Value& item, const std::string& field) {
        auto range = routing::Cidr::parse(text);
        if (range) ranges.push_back(*range);
        else reader.context().error(item.at, field, range.error().message);
    });
    if (ranges.size() > max_ranges)
        reader.error("allowed_addresses", "has more than " + std::to_string(max_ranges) + " entries");
}

namespace {

void read_bind_types(TableReader& reader, routing::BindTypes& types) {
    routing::BindTypes read{false, false, false};
    const bool given =
        reader.texts("bind_types", [&](const std::string& text, const Value& item, const std::string& field) {
            if (text == "transmitter") read.transmitter = true;
            else if (text == "receiver") read.receiver = true;
            else if (text == "transceiver") read.transceiver = true;
            else
                reader.context().error(item.at, field,
                                       "'" + text + "' is not one of transmitter, receiver, transceiver");
        });
    if (!given) return;
    types = read;
    if (types == routing::BindTypes{false, false, false}) reader.error("bind_types", "allows no bind at all");
}

void read_numbers(TableReader& reader, std::vector<routing::NumberPattern>& numbers) {
    reader.texts("numbers", [&](const std::string& text, const Value& item, const std::string& field) {
        if (const auto pattern = routing::NumberPattern::parse(text)) numbers.push_back(*pattern);
        else
            reader.context().error(item.at, field,
                                   "'" + text + "' is neither a number of 1 to 15 digits nor a prefix, as \"44770*\"");
    });
    if (numbers.size() > max_numbers)
        reader.error("numbers", "has more than " + std::to_string(max_numbers) + " entries");
}

void read_senders(TableReader& reader, routing::Account& account) {
    reader.texts("senders", [&](const std::string& text, const Value& item, const std::string& field) {
        auto sender = routing::SourcePattern::parse(text);
        if (sender) account.senders.push_back(std::move(*sender));
        else reader.context().error(item.at, field, sender.error().message);
    });
    if (account.senders.size() > max_senders)
        reader.error("senders", "has more than " + std::to_string(max_senders) + " entries");
    if (reader.text("default_sender", account.default_sender, 1, routing::Address::max_length) &&
        account.senders.empty())
        reader.error("default_sender", "means nothing without senders");
}

void read_lists(TableReader& reader, std::vector<routing::DistributionList>& lists) {
    reader.entries("lists", [&](const Value::Entry& entry, const std::string& field) {
        routing::DistributionList list{entry.key, {}};
        if (list.name.empty() || list.name.size() > max_list_name)
            reader.context().error(entry.at, field, "a name has 1 to 20 characters");
        if (entry.value.kind != Value::Kind::list || entry.value.items.empty() ||
            entry.value.items.size() > limits::submit_multi_messages)
            return reader.context().error(entry.value.at, field,
                                          "must be 1 to " + std::to_string(limits::submit_multi_messages) +
                                          " numbers, as [\"447700900100\"]");
        for (const Value& item : entry.value.items) {
            const std::string_view text =
                item.kind == Value::Kind::text ? std::string_view(item.text) : std::string_view();
            const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
            const bool fine = !digits.empty() && digits.size() <= 15 &&
                              std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
            if (fine) list.numbers.emplace_back(digits);
            else reader.context().error(item.at, field, "a number is 1 to 15 digits, international, in quotes");
        }
        lists.push_back(std::move(list));
    });
    if (lists.size() > max_lists) reader.error("lists", "has more than " + std::to_string(max_lists) + " entries");
}

}  // namespace

void read_account_rules(TableReader& reader, routing::Account& account) {
    reader.boolean("require_tls", account.require_tls);
    reader.text("system_type", account.system_type, 0, 64);
    read_addresses(reader, account.allowed_addresses);
    read_bind_types(reader, account.bind_types);
    reader.number("max_sessions", account.max_sessions, 1, 100'000);
    read_rate(reader, account.rate, 1);
    reader.number("window", account.window, 1, 65'535);
    reader.number("peer_window", account.peer_window, 1, 65'535);
    reader.number("max_queued", account.max_queued, 1, 10'000'000'000);
    read_text(reader, account.text, false);
    reader.choice("message_id_format", account.message_id_format, message_id_formats);
    reader.table("receipts", [&](TableReader& receipts) {
        receipts.boolean("allowed", account.receipts.allowed);
        receipts.boolean("intermediate", account.receipts.intermediate);
        receipts.boolean("tlvs", account.receipts.tlvs);
    });
    reader.boolean("strip_trailing_nul", account.strip_trailing_nul);
    reader.duration("default_validity", account.default_validity, seconds(1), std::chrono::hours(24 * 366));
    read_country_code(reader, account.country_code);
    read_senders(reader, account);
}

void read_account(TableReader& reader, routing::Account& account) {
    if (reader.text("system_id", account.system_id, 1, 64)) account.key = routing::stable_key(account.system_id);
    reader.require("system_id");
    const bool by_certificate = read_account_certificates(reader, account.certificates) > 0;
    read_password(reader, account, by_certificate);
    reader.boolean("enabled", account.enabled);
    read_account_rules(reader, account);
    read_account_charging(reader, account.charging);
    read_numbers(reader, account.numbers);
    read_lists(reader, account.lists);
    reader.table("outbind", [&](TableReader& outbind) {
        read_address(outbind, "endpoint", account.outbind.endpoint);
        outbind.require("endpoint");
        outbind.text("system_id", account.outbind.system_id, 1, 64);
        outbind.require("system_id");
        read_clear_password(outbind, account.outbind.password);
    });
}

}  // namespace sluice::admin
