#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/base/money.hpp"
#include "engine/base/random.hpp"
#include "engine/base/result.hpp"
#include "engine/routing/snapshot.hpp"

namespace sluice::tools {

/// Where a list of destinations would go under a configuration at some time: what each provider gets of it and what
/// that costs. Nothing is sent, and no gateway asked.
class RouteSimulation {
public:
    /// `down`: providers taken for unreachable. `account` and `from` are for rows that do not say.
    struct Options {
        std::vector<std::string> down;
        std::string account, from;
        std::uint64_t seed = 1;  ///< decides where the weights decide
        WallTime at{};           ///< when they are sent
    };
    struct Share {
        std::string provider;
        std::uint64_t messages = 0;
        Money cost, revenue;  ///< of one part each
    };
    struct Refusal {
        std::uint64_t messages = 0;
        std::string example;  ///< the first destination
    };

    /// Fails when an option names what is not there.
    static Result<RouteSimulation> create(const routing::Snapshot& snapshot, const Options& options);

    /// A destination a line, or CSV with the headings `to`, `account`, `from`, of which only the first must be there.
    /// The error names the line.
    Result<void> add(std::string_view text);

    std::uint64_t total() const { return total_; }
    /// Most messages first; only of those that got any.
    std::vector<Share> shares() const;
    const std::map<std::string, Refusal>& refusals() const { return refusals_; }  ///< by why

    nlohmann::json json() const;
    std::string text() const;  ///< for a terminal
    std::string html(const std::string& title) const;  ///< a page that needs nothing else

private:
    RouteSimulation(const routing::Snapshot& snapshot, const Options& options)
        : snapshot_(&snapshot), options_(options), random_(options.seed) {}
    Result<void> take(std::string_view to, std::string_view account, std::string_view from);

    const routing::Snapshot* snapshot_;
    Options options_;
    std::vector<routing::Health> health_;
    std::vector<Share> by_provider_;
    std::map<std::string, Refusal> refusals_;
    std::uint64_t total_ = 0;
    Random random_;
};

}  // namespace sluice::tools
