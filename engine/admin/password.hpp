#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.hpp"

namespace sluice::admin {

/// scrypt (RFC 7914) parameters: N = 2^log2_n, memory 128 * N * r octets.
struct ScryptCost {
    unsigned log2_n = 14;
    unsigned r = 8;
    unsigned p = 1;
};

/// "$scrypt$ln=14,r=8,p=1$<salt>$<hash>", salt and hash in base64 without padding; 16 octets of salt from the operating
/// system. Takes tens of milliseconds: never on a reactor.
Result<std::string> hash_password(std::string_view clear, ScryptCost cost = {});

/// Whether the text is a hash that verify_password takes; the error says what is wrong with it. Costs that would hold
/// up the pool are refused: log2_n 10 to 17, r 1 to 16, p 1 to 4, at most 128 MiB.
Result<void> check_password_hash(std::string_view hash);

/// False for a wrong password and for a hash that is none. Compares in constant time. Takes as long as hashing.
bool verify_password(std::string_view hash, std::string_view clear);

}  // namespace sluice::admin
