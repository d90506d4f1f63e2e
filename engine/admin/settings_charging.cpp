#include "engine/admin/settings_sections.hpp"
#include "engine/admin/settings_status.hpp"

namespace sluice::admin {
namespace {

constexpr Choices<routing::ChargingMode, 3> modes{{{"none", routing::ChargingMode::none},
                                                   {"prepaid", routing::ChargingMode::prepaid},
                                                   {"postpaid", routing::ChargingMode::postpaid}}};
constexpr Choices<routing::SettleAt, 2> moments{
    {{"response", routing::SettleAt::response}, {"receipt", routing::SettleAt::receipt}}};
constexpr Money most_credits = Money::of(1'000'000'000'000);

}  // namespace

bool read_money(TableReader& reader, std::string_view key, Money& value, Money most) {
    const Value* const found = reader.raw(key);
    if (found == nullptr) return false;
    std::optional<Money> read;
    if (found->kind == Value::Kind::text) read = parse_money(found->text);
    else if (found->kind == Value::Kind::integer) read = parse_money(std::to_string(found->integer));
    if (!read) {
        reader.error(key, "must be a whole number, or one with up to six decimals in quotes, as \"0.035\"");
        return false;
    }
    if (*read < Money{} || *read > most) {
        reader.error(key, to_string(*read) + " is out of range; allowed are 0 to " + to_string(most));
        return false;
    }
    value = *read;
    return true;
}

void read_price(TableReader& reader, std::optional<Money>& price) {
    Money read;
    if (read_money(reader, "price", read, most_price)) price = read;
}

void read_account_charging(TableReader& reader, routing::Charging& charging, bool elsewhere) {
    const bool has_credits = read_money(reader, "credits", charging.opening, most_credits);
    bool has_mode = false;
    reader.table("charging", [&](TableReader& table) {
        has_mode = table.choice("mode", charging.mode, modes);
        read_price(table, charging.price);
        Money limit;
        if (read_money(table, "credit_limit", limit, most_credits)) charging.credit_limit = limit;
        table.choice("settle_at", charging.settle_at, moments);
        Money margin;
        if (read_money(table, "min_margin", margin, most_price)) charging.least_margin = margin;
        if (read_money(table, "max_loss", margin, most_price)) {
            if (charging.least_margin)
                table.error("max_loss", "with min_margin nothing may be lost: give one of the two");
            charging.least_margin = Money{} - margin;
        }
        if (!table.describing() && table.has("credit_limit") && charging.mode != routing::ChargingMode::postpaid)
            table.error("credit_limit", "is for mode = \"postpaid\"; who pays before has the credits that are paid in");
    });
    if (elsewhere) return;
    if (has_credits && !has_mode) charging.mode = routing::ChargingMode::prepaid;
    if (!charging.on() && has_credits)
        reader.error("credits", "are not counted with charging.mode = \"none\"");
    else if (!charging.on() && !reader.describing() && reader.has("charging") && !has_mode)
        reader.error("charging", "needs a mode, \"prepaid\" or \"postpaid\", or credits beside it");
    else if (!charging.on() && charging.least_margin)
        reader.error("charging", "has no margin with mode = \"none\": the account pays nothing");
}

void read_charging(TableReader& reader, ChargingRecordSettings& charging) {
    std::string status;
    if (reader.text("no_credit_status", status, 1, 40)) {
        if (const auto parsed = parse_status(status)) charging.no_credit_status = *parsed;
        else reader.error("no_credit_status", parsed.error().message);
    }
    reader.path("directory", charging.directory);
    reader.size("max_file_size", charging.max_file_bytes, 64u << 10, 16ull << 30);
    reader.duration("max_file_age", charging.max_file_age, seconds(1), std::chrono::hours(24 * 31));
}

}  // namespace sluice::admin
