#pragma once

#include "engine/gateway/message.hpp"

namespace sluice::gateway {

/// Whom the messages of a test without a configuration belong to.
inline constexpr PartyId provider_a = 10, provider_b = 20, customer = 31;

}  // namespace sluice::gateway
