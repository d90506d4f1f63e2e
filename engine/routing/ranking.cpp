#include "engine/routing/ranking.hpp"

#include <utility>

namespace sluice::routing {
namespace {

/// Fresh bits from used ones (the finaliser of splitmix64).
std::uint64_t mix(std::uint64_t bits) {
    bits += 0x9E3779B97F4A7C15u;
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
    return bits ^ (bits >> 31);
}

/// Orders `group` by lot: at each place every remaining target has a chance in proportion to its weight.
void draw(std::span<const RouteTarget*> group, std::uint64_t& random) {
    std::uint64_t total = 0;
    for (const RouteTarget* target : group) total += target->weight;
    for (; group.size() > 1; group = group.subspan(1)) {
        auto lot = static_cast<std::uint64_t>((static_cast<unsigned __int128>(random) * total) >> 64);
        random = mix(random);
        std::size_t drawn = 0;
        while (lot >= group[drawn]->weight) lot -= group[drawn++]->weight;
        std::swap(group[0], group[drawn]);
        total -= group[0]->weight;
    }
}

}  // namespace

std::uint8_t rank(std::span<const RouteTarget> targets, HealthView health, std::uint64_t random,
                  std::array<ProviderId, max_candidates>& ranked) {
    if (targets.size() == 1) {
        ranked[0] = targets[0].provider;
        return health_of(health, targets[0].provider) != Health::excluded ? 1 : 0;
    }
    std::array<const RouteTarget*, max_candidates> order;
    std::size_t count = 0;
    for (const Health level : {Health::up, Health::throttled, Health::capped, Health::down}) {
        std::size_t group = count;  // where the targets begin that are equal to the latest
        for (const RouteTarget& target : targets) {
            if (health_of(health, target.provider) != level) continue;
            if (count > group &&
                (order[group]->priority != target.priority || order[group]->cost != target.cost)) {
                draw({order.data() + group, count - group}, random);
                group = count;
            }
            order[count++] = &target;
        }
        draw({order.data() + group, count - group}, random);
    }
    for (std::size_t i = 0; i < count; ++i) ranked[i] = order[i]->provider;
    return static_cast<std::uint8_t>(count);
}

}  // namespace sluice::routing
