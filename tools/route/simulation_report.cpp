#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <algorithm>

#include "engine/admin/utc_text.hpp"
#include "tools/bench/plot.hpp"
#include "tools/bench/report_style.hpp"
#include "tools/route/hours.hpp"
#include "tools/route/simulation.hpp"

namespace sluice::tools {

namespace {

constexpr int share_width = 30;

double percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

nlohmann::json RouteSimulation::json() const {
    nlohmann::json all;
    all["messages"] = total_;
    all["providers"] = nlohmann::json::array();
    for (const Share& share : shares())
        all["providers"].push_back({{"provider", share.provider},
                                    {"messages", share.messages},
                                    {"percent", percent(share.messages, total_)},
                                    {"spilled", share.spilled},
                                    {"cost", to_string(share.cost)},
                                    {"revenue", to_string(share.revenue)},
                                    {"margin", to_string(share.revenue - share.cost)}});
    all["refused"] = nlohmann::json::object();
    for (const auto& [why, refusal] : refusals_)
        all["refused"][why] = {{"messages", refusal.messages}, {"example", refusal.example}};
    if (hours_.empty()) return all;
    all["waiting"] = waiting();
    all["hours"] = nlohmann::json::array();
    for (const Hour& hour : hours_) {
        nlohmann::json row{{"begins_at", admin::utc_text(hour.begins)}, {"spilled", hour.spilled},
                           {"waiting", hour.waiting}, {"messages", nlohmann::json::object()},
                           {"at_cap", nlohmann::json::array()}};
        for (std::size_t id = 0; id < by_provider_.size(); ++id) {
            if (hour.messages[id] > 0) row["messages"][by_provider_[id].provider] = hour.messages[id];
            if (hour.capped[id]) row["at_cap"].push_back(by_provider_[id].provider);
        }
        all["hours"].push_back(std::move(row));
    }
    return all;
}

std::string RouteSimulation::text() const {
    std::string text = fmt::format("{:<20} {:>12} {:>7}  {:<{}} {:>16} {:>16} {:>16}\n", "provider", "messages",
                                   "share", "", share_width, "cost", "revenue", "margin");
    Share sum{"all that are routed", 0, 0, {}, {}};
    const auto line = [&](const Share& share) {
        const double part = percent(share.messages, total_);
        const int bar = static_cast<int>(part * share_width / 100 + 0.5);
        text += fmt::format("{:<20} {:>12} {:>6.1f}%  {:<{}} {:>16} {:>16} {:>16}\n", share.provider, share.messages,
                            part, std::string(static_cast<std::size_t>(bar), '#'), share_width, to_string(share.cost),
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
    if (!hours_.empty()) text += hours_text(*this, by_provider_);
    return text;
}

std::string RouteSimulation::html(const std::string& title) const {
    using bench::escaped;
    std::string rows, bars;
    std::size_t colour = 0;
    for (const Share& share : shares()) {
        const double part = percent(share.messages, total_);
        rows += fmt::format("<tr><td>{}</td><td>{}</td><td>{:.1f} %</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                            escaped(share.provider), share.messages, part, to_string(share.cost),
                            to_string(share.revenue), to_string(share.revenue - share.cost));
        bars +=
            fmt::format("<div class=\"bar c{}\"><span>{}</span><i style=\"width:{:.2f}%\"></i><b>{:.1f} %</b></div>\n",
                        colour++ % 6, escaped(share.provider), 0.6 * part, part);
    }
    std::string refused;
    for (const auto& [why, refusal] : refusals_)
        refused += fmt::format("<li class=\"bad\">refused, {}: {} ({:.1f} %), the first to {}</li>\n", escaped(why),
                               refusal.messages, percent(refusal.messages, total_), escaped(refusal.example));
    return fmt::format(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width\">"
        "<title>{0}</title><style>{1}.bar {{ display: flex; align-items: center; gap: 10px; margin: 6px 0; }}"
        ".bar span {{ width: 160px; overflow-wrap: anywhere; }} .bar i {{ height: 18px; border-radius: 3px; "
        "background: var(--line); min-width: 2px; }}</style>\n"
        "<h1>{0}</h1><p class=\"soft\">{2} messages, one part each; nothing was sent</p>\n"
        "<section><h2>Share by provider</h2>\n{3}</section>\n<section><div class=\"wide\"><table>"
        "<tr><th>provider</th><th>messages</th><th>share</th><th>cost</th><th>revenue</th><th>margin</th></tr>\n{4}"
        "</table></div><ul class=\"notes\">{5}</ul></section>{6}</html>\n",
        escaped(title), bench::report_style, total_, bars, rows, refused,
        hours_.empty() ? "" : hours_html(*this, by_provider_));
}

}  // namespace sluice::tools
