#include <fmt/format.h>

#include <algorithm>

#include "engine/admin/settings_sections.hpp"
#include "engine/admin/settings_text.hpp"
#include "engine/routing/keyword.hpp"

namespace sluice::admin {
namespace {

using routing::HomeOwner;
using routing::HomeRule;
using routing::HomeShare;

constexpr std::size_t max_entries = 1000;  // numbers, keywords and providers of one rule
constexpr Choices<HomeShare, 2> shares{{{"all", HomeShare::all}, {"one", HomeShare::one}}};

template <class Id, class Item>
std::optional<Id> find_by_name(const std::vector<Item>& items, std::string Item::*member, std::string_view what,
                               const std::string& name, ReadContext& context, Position at, const std::string& field) {
    std::vector<std::string_view> names;
    for (const Item& item : items) names.push_back(item.*member);
    const auto place = std::ranges::find(names, name);
    if (place != names.end()) return static_cast<Id>(place - names.begin());
    context.error(at, field, fmt::format("there is no {} '{}'{}", what, name, did_you_mean(name, names)));
    return std::nullopt;
}

void check_not_empty(TableReader& reader, std::string_view key, bool given, std::string_view without) {
    if (!given) return;
    const std::size_t size = reader.raw(key)->items.size();
    if (size == 0)
        reader.error(key, fmt::format("is empty and would match nothing; leave it out to match {}", without));
    if (size > max_entries) reader.error(key, fmt::format("has more than {} entries", max_entries));
}

void read_owner(TableReader& reader, const Settings& settings, HomeRule& home) {
    HomeOwner owner;
    std::string name;
    const bool named = reader.text("account", name, 1, 64);
    reader.require("account");
    reader.number("weight", owner.weight, 1, 1'000'000);
    if (!named) return;
    const auto id = find_account(settings, name, reader.context(), reader.raw("account")->at, reader.field("account"));
    if (!id) return;
    owner.account = *id;
    if (std::ranges::find(home.owners, owner.account, &HomeOwner::account) != home.owners.end())
        reader.error("account", fmt::format("'{}' is in this list already", name));
    else home.owners.push_back(owner);
}

void read_owners(TableReader& reader, const Settings& settings, HomeRule& home) {
    const auto read = [&](const Value& item, const std::string& field) {
        TableReader table(item, field, reader.context());
        read_owner(table, settings, home);
        table.finish();
    };
    const bool given = reader.items("accounts", [&](const Value& item, const std::string& field) {
        if (item.kind == Value::Kind::table) {
            read(item, field);
        } else if (item.kind == Value::Kind::text) {
            Value table;  // a name alone stands for a table with nothing but the name
            table.at = item.at;
            table.entries.push_back({"account", item.at, item});
            read(table, field);
        } else {
            reader.context().error(item.at, field,
                                   "must be an account's system_id, or a table as { account = \"NAME\", weight = 2 }");
        }
    });
    if (reader.describing()) read(Value{}, reader.field("accounts") + "[]");
    if (given &&
        (reader.raw("accounts")->items.empty() || reader.raw("accounts")->items.size() > routing::max_home_owners))
        reader.error("accounts", fmt::format("must name 1 to {} accounts", routing::max_home_owners));
    reader.require("accounts");
}

}  // namespace

std::optional<routing::AccountId> find_account(const Settings& settings, const std::string& name, ReadContext& context,
                                               Position at, const std::string& field) {
    return find_by_name<routing::AccountId>(settings.accounts, &routing::Account::system_id, "account", name, context,
                                            at, field);
}

std::optional<routing::ProviderId> find_provider(const Settings& settings, const std::string& name,
                                                 ReadContext& context, Position at, const std::string& field) {
    return find_by_name<routing::ProviderId>(settings.providers, &routing::Provider::name, "provider", name, context,
                                             at, field);
}

void read_home(TableReader& reader, const Settings& settings, HomeRule& home) {
    ReadContext& context = reader.context();
    reader.text("name", home.name, 1, 64);
    check_not_empty(reader, "to", reader.texts("to", [&](const std::string& text, const Value& item,
                                                         const std::string& field) {
        if (const auto added = home.to.add(text); !added) context.error(item.at, field, added.error().message);
    }), "every number");
    check_not_empty(reader, "providers", reader.texts("providers", [&](const std::string& text, const Value& item,
                                                                       const std::string& field) {
        if (const auto id = find_provider(settings, text, context, item.at, field)) home.providers.push_back(*id);
    }), "every provider");
    check_not_empty(reader, "keywords", reader.texts("keywords", [&](const std::string& text, const Value& item,
                                                                     const std::string& field) {
        std::string keyword = routing::keyword_of(text);
        if (keyword.empty() || text.find_first_of(" \t\r\n") != text.npos || text.size() > routing::max_keyword / 2)
            context.error(item.at, field, fmt::format("'{}' is not one word of at most 80 octets", text.substr(0, 60)));
        else home.keywords.push_back(std::move(keyword));
    }), "every text");
    read_owners(reader, settings, home);
    reader.choice("share", home.share, shares);
}

}  // namespace sluice::admin
