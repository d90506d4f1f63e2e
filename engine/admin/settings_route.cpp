#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "engine/admin/settings_sections.hpp"
#include "engine/admin/settings_status.hpp"
#include "engine/admin/settings_text.hpp"

namespace sluice::admin {
namespace {

using routing::NumberPattern;
using routing::RouteRule;
using routing::RouteTarget;

constexpr std::size_t max_prefixes = 20'000'000;
constexpr std::size_t max_mistakes = 10;  // mistakes in one file of prefixes

std::string not_a_prefix(std::string_view text) {
    return fmt::format("'{}' is not a prefix of at most 15 digits, as \"4477\"", text);
}

void read_prefix_file(TableReader& reader, std::vector<NumberPattern>& prefixes) {
    std::filesystem::path file;
    if (!reader.path("to_file", file)) return;
    std::error_code error;
    std::ifstream in;
    if (std::filesystem::is_regular_file(file, error)) in.open(file);
    if (!in.is_open()) {
        reader.error("to_file", "'" + file.string() + "' cannot be read");
        return;
    }
    std::size_t mistakes = 0;
    std::size_t number = 0;
    for (std::string line; mistakes < max_mistakes && prefixes.size() < max_prefixes && std::getline(in, line);) {
        ++number;
        std::string_view text = std::string_view(line).substr(0, line.find('#'));
        const std::size_t begin = text.find_first_not_of(" \t\r");
        if (begin == std::string_view::npos) continue;
        text = text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
        if (const auto prefix = NumberPattern::prefix(text)) {
            prefixes.push_back(*prefix);
        } else {
            ++mistakes;
            reader.error("to_file",
                         fmt::format("{}:{}: {}", file.string(), number, not_a_prefix(text.substr(0, 40))));
        }
    }
    if (prefixes.empty() && mistakes == 0) reader.error("to_file", "'" + file.string() + "' holds no prefix");
}

void read_destinations(TableReader& reader, std::vector<NumberPattern>& prefixes) {
    const bool given = reader.texts("to", [&](const std::string& text, const Value& item, const std::string& field) {
        const auto prefix = NumberPattern::prefix(text);
        if (prefix) prefixes.push_back(*prefix);
        else reader.context().error(item.at, field, not_a_prefix(text));
    });
    if (given && reader.raw("to")->items.empty())
        reader.error("to", "is empty and would match nothing; leave it out to match every destination");
    read_prefix_file(reader, prefixes);
}

void read_sources(TableReader& reader, std::vector<routing::SourcePattern>& sources) {
    const bool given = reader.texts("from", [&](const std::string& text, const Value& item, const std::string& field) {
        auto pattern = routing::SourcePattern::parse(text);
        if (pattern) sources.push_back(std::move(*pattern));
        else reader.context().error(item.at, field, pattern.error().message);
    });
    if (given && reader.raw("from")->items.empty())
        reader.error("from", "is empty and would match nothing; leave it out to match every sender");
}

void read_accounts(TableReader& reader, const Settings& settings, std::vector<routing::AccountId>& accounts) {
    const bool given = reader.texts("accounts", [&](const std::string& text, const Value& item,
                                                    const std::string& field) {
        if (const auto id = find_account(settings, text, reader.context(), item.at, field)) accounts.push_back(*id);
    });
    if (given && reader.raw("accounts")->items.empty())
        reader.error("accounts", "is empty and would match nothing; leave it out to match every account");
}

void read_target(TableReader& reader, const Settings& settings, std::vector<RouteTarget>& targets) {
    RouteTarget target;
    std::string name;
    const bool named = reader.text("provider", name, 1, 64);
    reader.require("provider");
    if (named)
        target.provider = find_provider(settings, name, reader.context(), reader.raw("provider")->at,
                                        reader.field("provider")).value_or(routing::no_provider);
    if (target.provider != routing::no_provider) target.cost = settings.providers[target.provider].cost;
    reader.number("priority", target.priority, 1, 100);
    reader.number("weight", target.weight, 1, 1'000'000);
    const bool has_cost = read_money(reader, "cost", target.cost, Money::of(1'000'000'000));
    if (has_cost && target.provider != routing::no_provider && settings.providers[target.provider].prices.table)
        reader.error("cost", "'" + name + "' has prices, which say what it costs");
    if (target.provider == routing::no_provider) return;
    if (std::ranges::find(targets, target.provider, &RouteTarget::provider) != targets.end())
        reader.error("provider", "'" + name + "' is in this list already");
    else targets.push_back(target);
}

void read_targets(TableReader& reader, const Settings& settings, std::vector<RouteTarget>& targets) {
    ReadContext& context = reader.context();
    const auto read = [&](const Value& item, const std::string& field) {
        TableReader table(item, field, context);
        read_target(table, settings, targets);
        table.finish();
    };
    const bool given = reader.items("via", [&](const Value& item, const std::string& field) {
        if (item.kind == Value::Kind::table) {
            read(item, field);
        } else if (item.kind == Value::Kind::text) {
            // A name alone stands for a table with nothing but the name.
            Value table;
            table.at = item.at;
            table.entries.push_back({"provider", item.at, item});
            read(table, field);
        } else {
            context.error(item.at, field,
                          "must be a provider's name, or a table as { provider = \"NAME\", priority = 2 }");
        }
    });
    if (reader.describing()) read(Value{}, reader.field("via") + "[]");
    if (given && (reader.raw("via")->items.empty() || targets.size() > routing::max_candidates))
        reader.error("via", "names " + std::to_string(targets.size()) + " providers; allowed are 1 to " +
                                std::to_string(routing::max_candidates));
}

}  // namespace

void read_route(TableReader& reader, const Settings& settings, RouteRule& route) {
    reader.text("name", route.name, 1, 64);
    read_destinations(reader, route.destinations);
    read_sources(reader, route.sources);
    read_accounts(reader, settings, route.accounts);
    read_hours(reader, route.hours);
    read_targets(reader, settings, route.targets);

    read_price(reader, route.price);
    reader.number("quality_weight", route.quality_weight, 0, 100);

    std::string reject;
    if (reader.text("reject", reject, 1, 40)) {
        route.rejects = true;
        if (const auto status = parse_status(reject)) route.reject_status = *status;
        else reader.error("reject", status.error().message);
    }
    if (!reader.describing() && reader.has("via") == reader.has("reject"))
        reader.error("via", "a route has either via or reject");
}

}  // namespace sluice::admin
