#pragma once

#include <string>
#include <vector>

#include "engine/base/result.hpp"

namespace sluice::tls {

struct SelfSigned {
    std::string certificate_pem;
    std::string key_pem;
};

/// A certificate signed by its own new key (ECDSA with P-256), for a first try: peers trust it only when they are given
/// it. `names`: at least one DNS name or address; the first is the common name. `days`: 1 to 36500.
Result<SelfSigned> make_self_signed(const std::vector<std::string>& names, unsigned days);

}  // namespace sluice::tls
