#include "engine/admin/password.hpp"

#include <string.h>
#include <sys/random.h>

#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/coding.h>
#include <wolfssl/wolfcrypt/hash.h>
#include <wolfssl/wolfcrypt/pwdbased.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "codecs/sms/charset.hpp"
#include "engine/base/bytes.hpp"
#include "engine/base/check.hpp"

namespace sluice::admin {
namespace {

constexpr std::size_t salt_length = 16;
constexpr std::size_t hash_length = 32;
constexpr std::size_t longest_password = 128;

struct ParsedHash {
    ScryptCost cost;
    std::vector<std::uint8_t> salt;
    std::vector<std::uint8_t> hash;
};

/// Takes "NAME=NUMBER" from the front of `text`, with the comma or dollar sign after it.
bool take_parameter(std::string_view& text, std::string_view name, char after, unsigned& value) {
    if (!text.starts_with(name)) return false;
    text.remove_prefix(name.size());
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end == text.data() + text.size() || *end != after) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
    return true;
}

std::string encode(ByteView octets) {
    std::string text(octets.size() * 4 / 3 + 8, '\0');
    auto length = static_cast<word32>(text.size());
    if (Base64_Encode_NoNl(octets.data(), static_cast<word32>(octets.size()), reinterpret_cast<byte*>(text.data()),
                           &length) != 0)
        return {};
    text.resize(length);
    while (text.ends_with('=')) text.pop_back();
    return text;
}

/// Exactly `wanted` octets, or none.
std::vector<std::uint8_t> decode(std::string_view text, std::size_t wanted) {
    std::string padded(text);
    while (padded.size() % 4 != 0) padded += '=';
    std::vector<std::uint8_t> octets(padded.size());
    auto length = static_cast<word32>(octets.size());
    if (padded.empty() || Base64_Decode(reinterpret_cast<const byte*>(padded.data()),
                                        static_cast<word32>(padded.size()), octets.data(), &length) != 0)
        return {};
    octets.resize(length == wanted ? length : 0);
    return octets;
}

Result<void> check_cost(ScryptCost cost) {
    if (cost.log2_n < 10 || cost.log2_n > 17) return fail("ln is not 10 to 17");
    if (cost.r < 1 || cost.r > 16) return fail("r is not 1 to 16");
    if (cost.p < 1 || cost.p > 4) return fail("p is not 1 to 4");
    if ((std::uint64_t{128} << cost.log2_n) * cost.r > (128u << 20)) return fail("it needs more than 128 MiB");
    return {};
}

Result<ParsedHash> parse(std::string_view text) {
    constexpr std::string_view scheme = "$scrypt$";
    const auto wrong = [] {
        return fail("it is neither of the form $scrypt$ln=14,r=8,p=1$SALT$HASH nor of $sha1-utf16le$HEX, $sha256$HEX "
                    "and $sha256-utf16le$HEX; make one with `sluice hash-password`");
    };
    if (!text.starts_with(scheme) || text.size() > 200) return wrong();
    text.remove_prefix(scheme.size());
    ParsedHash parsed;
    if (!take_parameter(text, "ln=", ',', parsed.cost.log2_n) || !take_parameter(text, "r=", ',', parsed.cost.r) ||
        !take_parameter(text, "p=", '$', parsed.cost.p))
        return wrong();
    if (auto fine = check_cost(parsed.cost); !fine) return std::unexpected(fine.error());
    const std::size_t dollar = text.find('$');
    if (dollar == std::string_view::npos) return wrong();
    parsed.salt = decode(text.substr(0, dollar), salt_length);
    parsed.hash = decode(text.substr(dollar + 1), hash_length);
    if (parsed.salt.empty() || parsed.hash.empty()) return wrong();
    return parsed;
}

/// A NUL ends a C-octet string, and the derivation could not tell one at the end from none.
bool is_password(std::string_view clear) {
    return !clear.empty() && clear.size() <= longest_password && clear.find('\0') == std::string_view::npos;
}

Result<std::array<std::uint8_t, hash_length>> derive(std::string_view clear, ByteView salt, ScryptCost cost) {
    std::array<std::uint8_t, hash_length> hash;
    const int error = wc_scrypt(hash.data(), reinterpret_cast<const byte*>(clear.data()),
                                static_cast<int>(clear.size()), salt.data(), static_cast<int>(salt.size()),
                                static_cast<int>(cost.log2_n), static_cast<int>(cost.r), static_cast<int>(cost.p),
                                static_cast<int>(hash.size()));
    if (error != 0) return fail("scrypt failed (wolfCrypt error " + std::to_string(error) + ")");
    return hash;
}

std::unexpected<Error> no_password() {
    return fail("a password has 1 to " + std::to_string(longest_password) + " octets, none of them NUL");
}

bool equal_in_constant_time(ByteView a, ByteView b) {
    if (a.size() != b.size()) return false;
    std::uint8_t difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<std::uint8_t>(a[i] ^ b[i]);
    return difference == 0;
}

// ---- what other systems have kept

using Digest = std::vector<std::uint8_t>;

struct Legacy {
    LegacyHash kind;
    Digest digest;
};

std::size_t size_of(LegacyHash kind) {
    return kind == LegacyHash::sha1_utf16le ? std::size_t{WC_SHA_DIGEST_SIZE} : std::size_t{WC_SHA256_DIGEST_SIZE};
}

/// Nothing when it is of another form.
std::optional<Legacy> parse_legacy(std::string_view text) {
    for (const auto& [name, kind] : legacy_hashes) {
        const std::size_t head = name.size() + 2;
        if (text.size() != head + 2 * size_of(kind) || text[0] != '$' || text.substr(1, name.size()) != name ||
            text[head - 1] != '$')
            continue;
        Legacy found{kind, Digest(size_of(kind))};
        bool fine = true;
        for (std::size_t i = 0; i < found.digest.size(); ++i) {
            const char* const at = text.data() + head + 2 * i;
            const auto [end, error] = std::from_chars(at, at + 2, found.digest[i], 16);
            fine = fine && error == std::errc() && end == at + 2;
        }
        if (fine) return found;
    }
    return std::nullopt;
}

/// Low octet first.
std::vector<std::uint8_t> utf16le(std::string_view clear) {
    auto octets = sms::encode(sms::Charset::ucs2, clear);
    if (!octets) octets = sms::encode(sms::Charset::ucs2, sms::decode(sms::Charset::latin1, as_bytes(clear)));
    for (std::size_t i = 0; i + 1 < octets->size(); i += 2) std::swap((*octets)[i], (*octets)[i + 1]);
    return *octets;
}

Digest digest_of(LegacyHash kind, std::string_view clear) {
    std::vector<std::uint8_t> octets(clear.begin(), clear.end());
    if (kind != LegacyHash::sha256) octets = utf16le(clear);
    Digest digest(size_of(kind));
    const int error = kind == LegacyHash::sha1_utf16le
                          ? wc_ShaHash(octets.data(), static_cast<word32>(octets.size()), digest.data())
                          : wc_Sha256Hash(octets.data(), static_cast<word32>(octets.size()), digest.data());
    explicit_bzero(octets.data(), octets.size());
    SLUICE_CHECK(error == 0);
    return digest;
}

}  // namespace

Result<std::string> hash_password(std::string_view clear, LegacyHash kind) {
    if (!is_password(clear)) return no_password();
    const auto name = std::ranges::find(legacy_hashes, kind, &std::pair<std::string_view, LegacyHash>::second)->first;
    std::string text("$");
    text.append(name).append("$");
    for (const std::uint8_t octet : digest_of(kind, clear)) {
        text += "0123456789ABCDEF"[octet >> 4];
        text += "0123456789ABCDEF"[octet & 15];
    }
    return text;
}

Result<std::string> hash_password(std::string_view clear, ScryptCost cost) {
    if (!is_password(clear)) return no_password();
    if (auto fine = check_cost(cost); !fine) return std::unexpected(fine.error());
    std::array<std::uint8_t, salt_length> salt;
    if (getrandom(salt.data(), salt.size(), 0) != static_cast<ssize_t>(salt.size()))
        return fail("the operating system gives no random numbers");
    const auto hash = derive(clear, salt, cost);
    if (!hash) return std::unexpected(hash.error());
    return "$scrypt$ln=" + std::to_string(cost.log2_n) + ",r=" + std::to_string(cost.r) +
           ",p=" + std::to_string(cost.p) + "$" + encode(salt) + "$" + encode(*hash);
}

Result<void> check_password_hash(std::string_view hash) {
    if (parse_legacy(hash)) return {};
    const auto parsed = parse(hash);
    if (!parsed) return std::unexpected(parsed.error());
    return {};
}

bool verify_password(std::string_view hash, std::string_view clear) {
    if (!is_password(clear)) return false;
    if (const auto legacy = parse_legacy(hash);
        legacy && equal_in_constant_time(digest_of(legacy->kind, clear), legacy->digest))
        return true;
    const auto parsed = parse(hash);
    if (!parsed) {
        // As long as for others: who has a quick hash, or a bad one, is nobody else's business.
        (void)derive(clear, std::array<std::uint8_t, salt_length>{}, ScryptCost{});
        return false;
    }
    const auto derived = derive(clear, parsed->salt, parsed->cost);
    if (!derived) return false;
    return equal_in_constant_time(*derived, parsed->hash);
}

}  // namespace sluice::admin
