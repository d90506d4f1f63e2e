#pragma once

#include <memory>

#include "engine/tls/context.hpp"
#include "engine/tls/self_signed.hpp"

namespace sluice::bench {

/// One certificate for everybody: the gateway shows it to customers, and providers to the gateway.
struct Secrets {
    tls::SelfSigned files;
    std::shared_ptr<const tls::Context> customers, providers;
};

/// What it is for.
inline constexpr const char* secret_name = "127.0.0.1";

Result<std::shared_ptr<const Secrets>> make_secrets();

}  // namespace sluice::bench
