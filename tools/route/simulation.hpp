#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/money.hpp"
#include "engine/base/random.hpp"
#include "engine/base/result.hpp"
#include "engine/routing/cap.hpp"
#include "engine/routing/snapshot.hpp"

namespace sluice::tools {

/// Where a list of destinations would go under a configuration at some time: what each provider gets of it and what
/// that costs. Over hours, with the providers' caps: where it spills over to others, and
/// what waits. Nothing is sent, and no gateway asked.
class RouteSimulation {
public:
    /// `down`: providers taken for unreachable. `account` and `from` are for rows that do not say.
    struct Options {
        std::vector<std::string> down;
        std::string account, from;
        std::uint64_t seed = 1;      ///< decides where the weights decide, and the order within an hour
        WallTime at{};               ///< when they are sent
        std::uint32_t hours = 0;     ///< with caps, whole ones from that of `at` on; 0: all at `at`, without caps
        std::uint64_t per_hour = 0;  ///< messages in each, in the proportions of the list; 0: the list itself
    };
    static constexpr std::uint32_t most_hours = 31 * 24;
    static constexpr std::uint64_t most_messages = 20'000'000;

    struct Share {
        std::string provider;
        std::uint64_t messages = 0;
        std::uint64_t spilled = 0;  ///< of them those that a provider at its cap would have had
        Money cost, revenue;        ///< of one part each
    };
    struct Refusal {
        std::uint64_t messages = 0;
        std::string example;  ///< the first destination
    };
    struct Hour {
        WallTime begins{};
        std::vector<std::uint64_t> messages;  ///< by ProviderId: those that left in it
        std::vector<bool> capped;             ///< likewise: its cap was used up at the end
        std::uint64_t spilled = 0;
        std::uint64_t waiting = 0;            ///< at its end, for providers at their caps
    };

    /// Fails when an option names what is not there.
    static Result<RouteSimulation> create(const routing::Snapshot& snapshot, const Options& options);

    /// A destination a line, or CSV with the headings `to`, `account`, `from`, `count`, of which only the first must be
    /// there. The error names the line. The text must live until `run`.
    Result<void> add(std::string_view text);
    bool any() const { return !rows_.empty(); }
    /// Sends them, so to speak. Fails when they are too many.
    Result<void> run();

    /// Messages of the list, or of all hours.
    std::uint64_t total() const { return total_; }
    /// Most messages first; only of those that got any.
    std::vector<Share> shares() const;
    const std::map<std::string, Refusal>& refusals() const { return refusals_; }  ///< by why
    const std::vector<Hour>& hours() const { return hours_; }

    nlohmann::json json() const;
    std::string text() const;  ///< for a terminal
    std::string html(const std::string& title) const;  ///< a page that needs nothing else

private:
    struct Row {
        const routing::Account* account;
        routing::Address destination, source;
        std::string_view to;
        std::uint64_t count;
    };

    RouteSimulation(const routing::Snapshot& snapshot, const Options& options)
        : snapshot_(&snapshot), options_(options), random_(options.seed) {}
    Result<void> take(std::string_view to, std::string_view account, std::string_view from, std::string_view count);
    /// Row numbers, as often as each comes in an hour, in an order by lot.
    std::vector<std::uint32_t> hour_of_traffic();
    void run_hour(const std::vector<std::uint32_t>& traffic, WallTime begins);
    void send(std::uint32_t row, WallTime at);
    void refuse(std::string_view why, const Row& row);
    void look_at_cap(routing::ProviderId provider, WallTime at);
    std::uint64_t waiting() const;

    const routing::Snapshot* snapshot_;
    Options options_;
    std::vector<routing::Health> health_, health_without_caps_;
    std::vector<Row> rows_;
    std::uint64_t listed_ = 0;  ///< messages of all rows
    std::vector<Share> by_provider_;
    std::map<std::string, Refusal> refusals_;
    std::uint64_t total_ = 0;
    std::vector<std::unique_ptr<routing::CapCount>> sent_;
    std::vector<std::deque<std::uint32_t>> waiting_;  ///< rows, by the provider whose cap is in the way
    std::vector<Hour> hours_;
    Random random_;
};

}  // namespace sluice::tools
