#include "tools/route/simulation.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <algorithm>

#include "codecs/smpp/values.hpp"
#include "engine/admin/csv.hpp"
#include "engine/routing/price.hpp"
#include "tools/bench/plot.hpp"
#include "tools/bench/report_style.hpp"

namespace sluice::tools {

namespace {

constexpr std::size_t not_there = SIZE_MAX;
constexpr int bar_width = 30;

double percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

std::uint8_t ton_of(std::string_view number) {
    return static_cast<std::uint8_t>(number.starts_with('+') ? smpp::Ton::international : smpp::Ton::unknown);
}

}  // namespace

Result<RouteSimulation> RouteSimulation::create(const routing::Snapshot& snapshot, const Options& options) {
    RouteSimulation made(snapshot, options);
    for (const routing::Provider& provider : snapshot.providers()) {
        made.health_.push_back(provider.enabled ? routing::Health::up : routing::Health::excluded);
        made.by_provider_.push_back({provider.name, 0, {}, {}});
    }
    for (const std::string& name : options.down) {
        const routing::Provider* const provider = snapshot.find_provider(name);
        if (provider == nullptr) return fail("there is no provider '" + name + "'");
        made.health_[provider->id] = routing::Health::down;
    }
    if (made.options_.account.empty() && snapshot.accounts().size() == 1)
        made.options_.account = snapshot.accounts().front().system_id;
    if (!made.options_.account.empty() && snapshot.find_account(made.options_.account) == nullptr)
        return fail("there is no account '" + made.options_.account + "'");
    return made;
}

Result<void> RouteSimulation::add(std::string_view text) {
    admin::CsvReader reader(text);
    std::vector<std::string_view> fields;
    std::size_t to = 0, account = not_there, from = not_there, columns = 0;
    for (;;) {
        const auto row = reader.next(fields);
        const auto wrong = [&](const std::string& what) { return fail(fmt::format("line {}: {}", reader.line(), what)); };
        if (!row) return wrong(fmt::format("column {}: {}", fields.size() + 1, row.error().message));
        if (!*row) return {};
        if (columns == 0) {
            columns = fields.size();
            const auto column = [&](std::string_view heading) {
                const auto found = std::ranges::find(fields, heading);
                return found == fields.end() ? not_there : static_cast<std::size_t>(found - fields.begin());
            };
            if (column("to") != not_there) {
                to = column("to");
                account = column("account");
                from = column("from");
                continue;
            }
            if (columns > 1) return wrong("the first line must have the headings, one of them `to`");
        }
        if (fields.size() != columns) return wrong(fmt::format("{} fields, not {}", fields.size(), columns));
        if (auto taken = take(fields[to], account == not_there ? options_.account : fields[account],
                              from == not_there ? options_.from : fields[from]);
            !taken)
            return wrong(taken.error().message);
    }
}

Result<void> RouteSimulation::take(std::string_view to, std::string_view account_name, std::string_view from) {
    if (account_name.empty()) return fail("whose message is it? --account says it for all");
    const routing::Account* const account = snapshot_->find_account(account_name);
    if (account == nullptr) return fail("there is no account '" + std::string(account_name) + "'");
    ++total_;
    routing::RouteRequest request;
    request.account = account->id;
    request.charging = &account->charging;
    request.destination = routing::Address::normalise(to, ton_of(to), account->country_code);
    request.source = routing::Address::normalise(from, ton_of(from));
    request.at = options_.at;
    const routing::RouteTable& routes = snapshot_->routes();
    const auto decision = routes.route(request, health_, random_.next());
    if (decision.outcome != routing::RouteDecision::Outcome::routed) {
        Refusal& refusal = refusals_[std::string(routing::to_string(decision.outcome))];
        if (refusal.messages++ == 0) refusal.example = to;
        return {};
    }
    const routing::RouteRule& rule = routes.rules()[decision.rule];
    const auto target = std::ranges::find(rule.targets, decision.candidates[0], &routing::RouteTarget::provider);
    Share& share = by_provider_[decision.candidates[0]];
    ++share.messages;
    share.cost += *routes.cost_of(*target, request.destination, request.at);
    if (account->charging.on()) share.revenue += routing::price_of_part(account->charging, &rule);
    return {};
}

std::vector<RouteSimulation::Share> RouteSimulation::shares() const {
    std::vector<Share> shares;
    std::ranges::copy_if(by_provider_, std::back_inserter(shares), [](const Share& share) { return share.messages > 0; });
    std::ranges::stable_sort(shares, std::greater(), &Share::messages);
    return shares;
}

nlohmann::json RouteSimulation::json() const {
    nlohmann::json all;
    all["messages"] = total_;
    all["providers"] = nlohmann::json::array();
    for (const Share& share : shares())
        all["providers"].push_back({{"provider", share.provider},
                                    {"messages", share.messages},
                                    {"percent", percent(share.messages, total_)},
                                    {"cost", to_string(share.cost)},
                                    {"revenue", to_string(share.revenue)},
                                    {"margin", to_string(share.revenue - share.cost)}});
    all["refused"] = nlohmann::json::object();
    for (const auto& [why, refusal] : refusals_)
        all["refused"][why] = {{"messages", refusal.messages}, {"example", refusal.example}};
    return all;
}

std::string RouteSimulation::text() const {
    std::string text = fmt::format("{:<20} {:>12} {:>7}  {:<{}} {:>16} {:>16} {:>16}\n", "provider", "messages", "share", "",
                                   bar_width, "cost", "revenue", "margin");
    Share sum{"all that are routed", 0, {}, {}};
    const auto line = [&](const Share& share) {
        const double part = percent(share.messages, total_);
        const int bar = static_cast<int>(part * bar_width / 100 + 0.5);
        text += fmt::format("{:<20} {:>12} {:>6.1f}%  {:<{}} {:>16} {:>16} {:>16}\n", share.provider, share.messages, part,
                            std::string(static_cast<std::size_t>(bar), '#'), bar_width, to_string(share.cost),
                            to_string(share.revenue), to_string(share.revenue - share.cost));
    };
    for (const Share& share : shares()) {
        line(share);
        sum.messages += share.messages;
        sum.cost += share.cost;
        sum.revenue += share.revenue;
    }
    line(sum);
    for (const auto& [why, refusal] : refusals_)
        text += fmt::format("refused, {}: {} ({:.1f}%), the first to {}\n", why, refusal.messages,
                            percent(refusal.messages, total_), refusal.example);
    return text;
}

std::string RouteSimulation::html(const std::string& title) const {
    using bench::escaped;
    std::string rows, bars;
    std::size_t colour = 0;
    for (const Share& share : shares()) {
        const double part = percent(share.messages, total_);
        rows += fmt::format("<tr><td>{}</td><td>{}</td><td>{:.1f} %</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                            escaped(share.provider), share.messages, part, to_string(share.cost), to_string(share.revenue),
                            to_string(share.revenue - share.cost));
        bars += fmt::format("<div class=\"bar c{}\"><span>{}</span><i style=\"width:{:.2f}%\"></i><b>{:.1f} %</b></div>\n",
                            colour++ % 6, escaped(share.provider), 0.6 * part, part);
    }
    std::string refused;
    for (const auto& [why, refusal] : refusals_)
        refused += fmt::format("<li class=\"bad\">refused, {}: {} ({:.1f} %), the first to {}</li>\n", escaped(why),
                               refusal.messages, percent(refusal.messages, total_), escaped(refusal.example));
    return fmt::format(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
        "<title>{0}</title><style>{1}.bar {{ display: flex; align-items: center; gap: 10px; margin: 6px 0; }}"
        ".bar span {{ width: 160px; overflow-wrap: anywhere; }} .bar i {{ height: 18px; border-radius: 3px; "
        "background: var(--line); min-width: 2px; }}</style>\n<h1>{0}</h1><p class=\"soft\">{2} messages, one part each; "
        "nothing was sent</p>\n<section><h2>Share by provider</h2>\n{3}</section>\n<section><div class=\"wide\"><table>"
        "<tr><th>provider</th><th>messages</th><th>share</th><th>cost</th><th>revenue</th><th>margin</th></tr>\n{4}</table>"
        "</div><ul class=\"notes\">{5}</ul></section></html>\n",
        escaped(title), bench::report_style, total_, bars, rows, refused);
}

}  // namespace sluice::tools
