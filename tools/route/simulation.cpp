#include "tools/route/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "codecs/smpp/values.hpp"
#include "engine/admin/csv.hpp"
#include "engine/routing/price.hpp"

namespace sluice::tools {

namespace {

constexpr std::size_t not_there = SIZE_MAX;

std::uint8_t ton_of(std::string_view number) {
    return static_cast<std::uint8_t>(number.starts_with('+') ? smpp::Ton::international : smpp::Ton::unknown);
}

}  // namespace

Result<RouteSimulation> RouteSimulation::create(const routing::Snapshot& snapshot, const Options& options) {
    RouteSimulation made(snapshot, options);
    for (const routing::Provider& provider : snapshot.providers()) {
        made.health_.push_back(provider.enabled ? routing::Health::up : routing::Health::excluded);
        made.by_provider_.push_back({provider.name, 0, 0, {}, {}});
        made.sent_.push_back(std::make_unique<routing::CapCount>());
    }
    for (const std::string& name : options.down) {
        const routing::Provider* const provider = snapshot.find_provider(name);
        if (provider == nullptr) return fail("there is no provider '" + name + "'");
        made.health_[provider->id] = routing::Health::down;
    }
    made.health_without_caps_ = made.health_;
    made.waiting_.resize(made.health_.size());
    if (made.options_.account.empty() && snapshot.accounts().size() == 1)
        made.options_.account = snapshot.accounts().front().system_id;
    if (!made.options_.account.empty() && snapshot.find_account(made.options_.account) == nullptr)
        return fail("there is no account '" + made.options_.account + "'");
    return made;
}

Result<void> RouteSimulation::add(std::string_view text) {
    admin::CsvReader reader(text);
    std::vector<std::string_view> fields;
    std::size_t to = 0, account = not_there, from = not_there, count = not_there, columns = 0;
    for (;;) {
        const auto row = reader.next(fields);
        const auto wrong = [&](const std::string& what) {
            return fail(fmt::format("line {}: {}", reader.line(), what));
        };
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
                count = column("count");
                continue;
            }
            if (columns > 1) return wrong("the first line must have the headings, one of them `to`");
        }
        if (fields.size() != columns) return wrong(fmt::format("{} fields, not {}", fields.size(), columns));
        if (auto taken = take(fields[to], account == not_there ? options_.account : fields[account],
                              from == not_there ? options_.from : fields[from],
                              count == not_there ? "1" : fields[count]);
            !taken)
            return wrong(taken.error().message);
    }
}

Result<void> RouteSimulation::take(std::string_view to, std::string_view account_name, std::string_view from,
                                   std::string_view count_text) {
    if (account_name.empty()) return fail("whose message is it? --account says it for all");
    const routing::Account* const account = snapshot_->find_account(account_name);
    if (account == nullptr) return fail("there is no account '" + std::string(account_name) + "'");
    std::uint64_t count = 0;
    const auto [end, error] = std::from_chars(count_text.data(), count_text.data() + count_text.size(), count);
    if (error != std::errc{} || end != count_text.data() + count_text.size() || count == 0)
        return fail("'" + std::string(count_text) + "' is no number of messages");
    if (rows_.size() >= most_messages || count > most_messages - std::min(listed_, most_messages))
        return fail(fmt::format("there are more than {} messages", most_messages));
    listed_ += count;
    rows_.push_back({account, routing::Address::normalise(to, ton_of(to), account->country_code),
                     routing::Address::normalise(from, ton_of(from)), to, count});
    return {};
}

Result<void> RouteSimulation::run() {
    const std::uint64_t each = options_.per_hour != 0 && options_.hours != 0 ? options_.per_hour : listed_;
    const std::uint64_t times = std::max<std::uint64_t>(1, options_.hours);
    if (each > most_messages / times)
        return fail(fmt::format("{} messages an hour for {} hours are more than {}", each, times, most_messages));
    if (options_.hours == 0) {
        for (std::uint32_t row = 0; row < rows_.size(); ++row)
            for (std::uint64_t n = 0; n < rows_[row].count; ++n, ++total_) send(row, options_.at);
        return {};
    }
    const std::vector<std::uint32_t> traffic = hour_of_traffic();
    const routing::HourNumber first = routing::hour_of(options_.at);
    for (std::uint32_t hour = 0; hour < options_.hours; ++hour) run_hour(traffic, routing::begin_of(first + hour));
    return {};
}

/// With `per_hour`, what remains after whole numbers goes to the rows with the largest remainders.
std::vector<std::uint32_t> RouteSimulation::hour_of_traffic() {
    std::vector<std::uint32_t> traffic;
    const std::uint64_t wanted = options_.per_hour != 0 ? options_.per_hour : listed_;
    traffic.reserve(wanted);
    std::vector<std::pair<std::uint64_t, std::uint32_t>> remainders;
    for (std::uint32_t row = 0; row < rows_.size(); ++row) {
        const auto share = static_cast<unsigned __int128>(rows_[row].count) * wanted;
        traffic.insert(traffic.end(), static_cast<std::size_t>(share / listed_), row);
        remainders.emplace_back(static_cast<std::uint64_t>(share % listed_), row);
    }
    std::ranges::stable_sort(remainders, std::greater(), &std::pair<std::uint64_t, std::uint32_t>::first);
    for (std::size_t i = 0; traffic.size() < wanted; ++i) traffic.push_back(remainders[i].second);
    for (std::size_t left = traffic.size(); left > 1; --left)
        std::swap(traffic[left - 1], traffic[random_.below(left)]);
    return traffic;
}

/// What waits goes first, as far as the caps let it; the rest comes evenly over the hour.
void RouteSimulation::run_hour(const std::vector<std::uint32_t>& traffic, WallTime begins) {
    hours_.push_back({begins, std::vector<std::uint64_t>(health_.size()), std::vector<bool>(health_.size()), 0, 0});
    for (routing::ProviderId id = 0; id < health_.size(); ++id) look_at_cap(id, begins);
    for (routing::ProviderId id = 0; id < health_.size(); ++id) {
        for (std::size_t n = waiting_[id].size(); n > 0 && health_[id] != routing::Health::capped; --n) {
            const std::uint32_t row = waiting_[id].front();
            waiting_[id].pop_front();
            send(row, begins);
        }
    }
    const nanoseconds between = std::chrono::hours(1) / static_cast<std::int64_t>(traffic.size());
    for (std::size_t i = 0; i < traffic.size(); ++i, ++total_)
        send(traffic[i], begins + std::chrono::floor<microseconds>(between * static_cast<std::int64_t>(i)));
    Hour& hour = hours_.back();
    for (routing::ProviderId id = 0; id < health_.size(); ++id) {
        hour.capped[id] = health_[id] == routing::Health::capped;
        hour.waiting += waiting_[id].size();
    }
}

void RouteSimulation::look_at_cap(routing::ProviderId id, WallTime at) {
    const bool open = sent_[id]->open(snapshot_->providers()[id].caps, at);
    const routing::Health without = health_without_caps_[id];
    health_[id] = open || without != routing::Health::up ? without : routing::Health::capped;
}

void RouteSimulation::refuse(std::string_view why, const Row& row) {
    Refusal& refusal = refusals_[std::string(why)];
    if (refusal.messages++ == 0) refusal.example = row.to;
}

void RouteSimulation::send(std::uint32_t number, WallTime at) {
    const Row& row = rows_[number];
    routing::RouteRequest request;
    request.account = row.account->id;
    request.charging = &row.account->charging;
    request.destination = row.destination;
    request.source = row.source;
    request.at = at;
    const routing::RouteTable& routes = snapshot_->routes();
    const std::uint64_t lot = random_.next();
    const auto decision = routes.route(request, health_, lot);
    if (decision.outcome != routing::RouteDecision::Outcome::routed)
        return refuse(routing::to_string(decision.outcome), row);
    const routing::ProviderId id = decision.candidates[0];
    const routing::Provider& provider = snapshot_->providers()[id];
    if (health_[id] == routing::Health::capped) {
        if (waiting_[id].size() >= provider.max_queued) return refuse("queue full", row);
        return waiting_[id].push_back(number);
    }
    const routing::RouteRule& rule = routes.rules()[decision.rule];
    const auto target = std::ranges::find(rule.targets, id, &routing::RouteTarget::provider);
    Share& share = by_provider_[id];
    ++share.messages;
    share.cost += *routes.cost_of(*target, request.destination, request.at);
    if (row.account->charging.on()) share.revenue += routing::price_of_part(row.account->charging, &rule);
    if (options_.hours == 0) return;
    ++hours_.back().messages[id];
    if (health_ != health_without_caps_ && routes.route(request, health_without_caps_, lot).candidates[0] != id) {
        ++share.spilled;
        ++hours_.back().spilled;
    }
    if (!provider.caps.any()) return;
    sent_[id]->take(provider.caps, at, 1);
    look_at_cap(id, at);
}

std::uint64_t RouteSimulation::waiting() const {
    return std::accumulate(waiting_.begin(), waiting_.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const auto& rows) { return sum + rows.size(); });
}

std::vector<RouteSimulation::Share> RouteSimulation::shares() const {
    std::vector<Share> shares;
    std::ranges::copy_if(by_provider_, std::back_inserter(shares),
                         [](const Share& share) { return share.messages > 0; });
    std::ranges::stable_sort(shares, std::greater(), &Share::messages);
    return shares;
}

}  // namespace sluice::tools
