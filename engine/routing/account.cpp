#include "engine/routing/account.hpp"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>

namespace sluice::routing {

std::uint64_t stable_key(std::string_view name) {
    const std::uint64_t key = XXH3_64bits(name.data(), name.size());
    return key == 0 ? 1 : key;
}

std::string_view to_string(Alphabet alphabet) {
    switch (alphabet) {
        case Alphabet::gsm7: return "gsm7";
        case Alphabet::gsm7_packed: return "gsm7_packed";
        case Alphabet::latin1: return "latin1";
        case Alphabet::ascii: return "ascii";
        case Alphabet::utf8: return "utf8";
    }
    return "?";
}

std::string_view to_string(Segmentation segmentation) {
    switch (segmentation) {
        case Segmentation::as_is: return "as_is";
        case Segmentation::udh8: return "udh8";
        case Segmentation::udh16: return "udh16";
        case Segmentation::sar: return "sar";
    }
    return "?";
}

std::string_view to_string(Unmappable unmappable) {
    switch (unmappable) {
        case Unmappable::ucs2: return "ucs2";
        case Unmappable::transliterate: return "transliterate";
        case Unmappable::refuse: return "refuse";
    }
    return "?";
}

std::string_view to_string(IdFormat format) {
    switch (format) {
        case IdFormat::automatic: return "auto";
        case IdFormat::decimal: return "decimal";
        case IdFormat::hex: return "hex";
        case IdFormat::as_is: return "as_is";
    }
    return "?";
}

const DistributionList* Account::list(std::string_view wanted) const {
    for (const DistributionList& list : lists)
        if (list.name == wanted) return &list;
    return nullptr;
}

bool Account::allows(ByteView peer_address) const {
    return allowed_addresses.empty() ||
           std::ranges::any_of(allowed_addresses, [&](const Cidr& range) { return range.contains(peer_address); });
}

Result<SourcePattern> SourcePattern::parse(std::string_view written) {
    SourcePattern pattern{std::string(written), written.ends_with('*')};
    if (pattern.prefix) pattern.text.pop_back();
    if (pattern.text.starts_with('+')) pattern.text.erase(0, 1);
    if (pattern.text.empty() || pattern.text.size() > Address::max_length)
        return fail(fmt::format("'{}' is not a sender of 1 to {} characters, or its beginning as \"4477*\"", written,
                                Address::max_length));
    return pattern;
}

bool Account::allows_sender(std::string_view sender) const {
    return senders.empty() ||
           std::ranges::any_of(senders, [&](const SourcePattern& pattern) { return pattern.matches(sender); });
}

bool Account::allows(const tls::CertificateFacts& certificate, bool verified) const {
    return std::ranges::any_of(certificates, [&](const CertificateMatch& match) {
        if (!match.common_name.empty()) return verified && match.common_name == certificate.common_name;
        return match.digest == certificate.digest || match.digest == certificate.key_digest;
    });
}

}  // namespace sluice::routing
