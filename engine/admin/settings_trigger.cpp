#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "engine/admin/settings_sections.hpp"
#include "engine/admin/settings_status.hpp"
#include "engine/admin/settings_text.hpp"

namespace sluice::admin {
namespace {

using script::Event;
using script::OnError;

constexpr std::uintmax_t max_script = 1u << 20;
constexpr std::array<std::string_view, 4> states{"delivered", "undeliverable", "expired", "no_report"};

constexpr Choices<Event, script::event_count> events = [] {
    Choices<Event, script::event_count> all{};
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = {script::event_names[i], static_cast<Event>(i)};
    return all;
}();
constexpr Choices<OnError, 4> fallbacks{{{"continue", OnError::carry_on},
                                         {"reject", OnError::reject},
                                         {"hold", OnError::hold},
                                         {"fail", OnError::fail}}};

/// Nobody gets in who should not, and nothing that a provider brings is refused because of a mistake of ours.
OnError standard(Event event) {
    return event == Event::bind || event == Event::submit ? OnError::reject : OnError::carry_on;
}

bool makes_sense(OnError on_error, Event event) {
    switch (on_error) {
        case OnError::carry_on: return true;
        case OnError::reject: return event == Event::bind || event == Event::submit || event == Event::originated;
        default: return event == Event::before_send;
    }
}

/// The place of the file's text among the program's scripts.
void read_script(TableReader& reader, script::Program& program, script::Trigger& trigger) {
    std::filesystem::path file;
    const bool given = reader.path("script", file);
    reader.require("script");
    if (!given || reader.describing()) return;
    std::error_code error;
    std::ostringstream text;
    std::ifstream in;
    if (std::filesystem::is_regular_file(file, error)) in.open(file, std::ios::binary);
    if (!in.is_open()) return reader.error("script", fmt::format("'{}' cannot be read", file.string()));
    if (std::filesystem::file_size(file, error) > max_script)
        return reader.error("script", fmt::format("'{}' is larger than 1 MiB", file.string()));
    text << in.rdbuf();
    script::Script wanted{file.string(), text.str()};
    if (auto good = script::check(wanted, program.limits, trigger.event); !good)
        return reader.error("script", good.error().message);
    const auto same = std::ranges::find(program.scripts, wanted);
    trigger.script = static_cast<std::size_t>(same - program.scripts.begin());
    if (same == program.scripts.end()) program.scripts.push_back(std::move(wanted));
}

template <class Item>
void read_names(TableReader& reader, std::string_view key, const std::vector<Item>& items, std::string Item::*member,
                std::string_view what, std::vector<std::string>& names) {
    std::vector<std::string_view> known;
    for (const Item& item : items) known.push_back(item.*member);
    const bool given = reader.texts(key, [&](const std::string& name, const Value& item, const std::string& field) {
        if (std::ranges::find(known, name) != known.end()) names.push_back(name);
        else
            reader.context().error(item.at, field,
                                   fmt::format("there is no {} '{}'{}", what, name, did_you_mean(name, known)));
    });
    if (given && reader.raw(key)->items.empty())
        reader.error(key, fmt::format("is empty and would match nothing; leave it out to match every {}", what));
}

}  // namespace

void read_http(TableReader& reader, http::ClientConfig& http) {
    reader.number("connections", http.connections, 1, 1000);
    reader.number("queue", http.queue, 1, 100'000);
    if (reader.path("ca_file", http.ca_file) && !reader.describing() && !std::ifstream(http.ca_file).is_open())
        reader.error("ca_file", fmt::format("'{}' cannot be read", http.ca_file.string()));
}

void read_scripts(TableReader& reader, script::Limits& limits) {
    reader.number("instructions", limits.instructions, 1000, 100'000'000);
    std::uint64_t memory = limits.memory;
    if (reader.size("memory", memory, 256u << 10, 1u << 30)) limits.memory = memory;
    reader.number("sends", limits.sends, 0, 100);
    reader.number("look_ups", limits.look_ups, 0, 100);
    reader.number("suspended", limits.suspended, 0, 100'000);
}

void read_trigger(TableReader& reader, const Settings& settings, script::Program& program, script::Trigger& trigger) {
    reader.text("name", trigger.name, 1, 64);
    reader.require("name");
    reader.choice("event", trigger.event, events);
    reader.require("event");
    trigger.on_error = standard(trigger.event);
    if (reader.choice("on_error", trigger.on_error, fallbacks) && !makes_sense(trigger.on_error, trigger.event))
        reader.error("on_error", fmt::format("makes no sense for the event {}", script::name_of(trigger.event)));
    if (trigger.event == Event::bind) trigger.status = smpp::CommandStatus::ESME_RBINDFAIL;
    if (trigger.event == Event::originated) trigger.status = smpp::CommandStatus::ESME_RX_T_APPN;
    std::string status;
    if (reader.text("status", status, 1, 40)) {
        if (const auto parsed = parse_status(status)) trigger.status = *parsed;
        else reader.error("status", parsed.error().message);
    }
    read_names(reader, "accounts", settings.accounts, &routing::Account::system_id, "account", trigger.accounts);
    read_names(reader, "providers", settings.providers, &routing::Provider::name, "provider", trigger.providers);
    reader.texts("states", [&](const std::string& state, const Value& item, const std::string& field) {
        if (std::ranges::find(states, state) != states.end()) trigger.states.push_back(state);
        else reader.context().error(item.at, field,
                                    fmt::format("'{}' is none of delivered, undeliverable, expired, no_report{}", state,
                                                did_you_mean(state, states)));
    });
    if (!trigger.states.empty() && trigger.event != Event::state_change)
        reader.error("states", "is for the event state_change");
    read_script(reader, program, trigger);
}

}  // namespace sluice::admin
