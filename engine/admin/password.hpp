#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

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

/// What other systems have kept, for their customers to move without new passwords: not salted and quick to try, so
/// guessed by whoever gets hold of them. "$NAME$" and the digest in hexadecimal digits of either case.
enum class LegacyHash : std::uint8_t {
    sha1_utf16le,    ///< "sha1-utf16le": as SQL Server's HASHBYTES('SHA1', N'...')
    sha256,          ///< "sha256": of the password as it comes, which is UTF-8 or ASCII as a rule
    sha256_utf16le,  ///< "sha256-utf16le"
};
inline constexpr std::array<std::pair<std::string_view, LegacyHash>, 3> legacy_hashes{
    {{"sha1-utf16le", LegacyHash::sha1_utf16le},
     {"sha256", LegacyHash::sha256},
     {"sha256-utf16le", LegacyHash::sha256_utf16le}}};
Result<std::string> hash_password(std::string_view clear, LegacyHash kind);

/// Whether the text is a hash that verify_password takes; the error says what is wrong with it. Costs that would hold
/// up the pool are refused: log2_n 10 to 17, r 1 to 16, p 1 to 4, at most 128 MiB.
Result<void> check_password_hash(std::string_view hash);

/// False for a wrong password and for a hash that is none. Compares in constant time. Takes as long as hashing.
/// For digests of UTF-16 a password that is no UTF-8 is taken for Latin-1.
bool verify_password(std::string_view hash, std::string_view clear);

}  // namespace sluice::admin
