#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "engine/routing/route.hpp"

namespace sluice::routing {

inline Health health_of(HealthView health, ProviderId provider) {
    return provider < health.size() ? health[provider] : Health::up;
}

/// Puts the targets' providers in the order in which they are to be tried and returns how many: those that are up
/// before those that are throttled before those at their cap before those that are down; then by
/// priority, then by cost, which is the order `targets` is in already; equal ones by weighted lot,
/// drawn from `random`. Excluded providers are left out.
std::uint8_t rank(std::span<const RouteTarget> targets, HealthView health, std::uint64_t random,
                  std::array<ProviderId, max_candidates>& ranked);

}  // namespace sluice::routing
