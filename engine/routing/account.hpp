#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.hpp"
#include "engine/routing/address.hpp"
#include "engine/routing/charging.hpp"
#include "engine/routing/cidr.hpp"
#include "engine/routing/source_pattern.hpp"
#include "engine/tls/certificate.hpp"

namespace sluice::routing {

/// Place in Snapshot::accounts; changes with the configuration. What is written to disk is `Account::key`.
using AccountId = std::uint16_t;
inline constexpr AccountId no_account = UINT16_MAX;

/// What a name is called on disk and between shards: a hash that is the same for ever. Never 0.
std::uint64_t stable_key(std::string_view name);

/// What data_coding 0 means to a peer (interop T1, T2).
enum class Alphabet : std::uint8_t { gsm7, gsm7_packed, latin1, ascii, utf8 };
std::string_view to_string(Alphabet alphabet);

/// How long messages are to reach a peer (interop T5).
enum class Segmentation : std::uint8_t {
    as_is,  ///< as they came
    udh8,   ///< parts with a user data header and a reference of 8 bits
    udh16,  ///< the same with 16 bits; parts that came with 8 keep them, since a full part has no room for more
    sar,    ///< parts with the SAR TLVs
};
std::string_view to_string(Segmentation segmentation);

/// What becomes of a text that a peer's default alphabet cannot hold (interop T1).
enum class Unmappable : std::uint8_t {
    ucs2,           ///< it goes as UCS-2
    transliterate,  ///< what comes nearest, "?" at worst
    refuse,
};
std::string_view to_string(Unmappable unmappable);

/// How a peer has text.
struct TextProfile {
    Alphabet default_alphabet = Alphabet::gsm7;
    Segmentation segmentation = Segmentation::as_is;
    Unmappable unmappable = Unmappable::ucs2;
    friend bool operator==(const TextProfile&, const TextProfile&) = default;
};

/// How message ids are written (interop R1).
enum class IdFormat : std::uint8_t { automatic, decimal, hex, as_is };
std::string_view to_string(IdFormat format);

struct BindTypes {
    bool transmitter = true;
    bool receiver = true;
    bool transceiver = true;
    friend bool operator==(const BindTypes&, const BindTypes&) = default;
};

/// Messages a second, with what may come at once after a pause.
struct Rate {
    std::uint32_t per_second = 0;  ///< 0: unlimited
    std::uint32_t burst = 0;       ///< at least 1 where per_second is not 0
    friend bool operator==(const Rate&, const Rate&) = default;
};

struct ReceiptSettings {
    bool allowed = true;       ///< registered_delivery is honoured; otherwise no receipts whatever is asked for
    bool intermediate = false; ///< intermediate notifications are passed on when asked for
    bool tlvs = true;          ///< receipted_message_id, message_state, network_error_code besides the text
    friend bool operator==(const ReceiptSettings&, const ReceiptSettings&) = default;
};

/// What submit_multi may name in place of its members (v3.4 §5.2.25).
struct DistributionList {
    std::string name;
    std::vector<std::string> numbers;  ///< digits, international
    friend bool operator==(const DistributionList&, const DistributionList&) = default;
};

/// Where to connect to (an address, or a name that is resolved away from the reactors).
struct HostPort {
    std::string host;
    std::uint16_t port = 0;
    std::string to_string() const;  ///< IPv6 addresses in brackets
    friend bool operator==(const HostPort&, const HostPort&) = default;
};

/// How an account that is not bound is called when something waits for it (outbind, v3.4 §4.1.7).
struct AccountOutbind {
    HostPort endpoint;      ///< an address, never a name; port 0: it is not called
    std::string system_id;  ///< ours, as they know us
    std::string password;   ///< in clear: outbind carries it so
    friend bool operator==(const AccountOutbind&, const AccountOutbind&) = default;
};

/// A client's certificate by the common name of its subject, which its authority vouches for, or, where that is empty,
/// by its digest or that of its key.
struct CertificateMatch {
    std::string common_name;
    tls::Digest digest{};
    friend bool operator==(const CertificateMatch&, const CertificateMatch&) = default;
};

/// A customer: an ESME that binds to us.
struct Account {
    AccountId id = no_account;
    std::uint64_t key = 0;              ///< stable_key(system_id)
    std::string system_id;
    std::string password_hash;          ///< see engine/admin/password.hpp; empty: a certificate is enough
    std::vector<CertificateMatch> certificates; ///< where there are any, binds must come with one of them
    bool require_tls = false;           ///< binds in clear are refused
    bool enabled = true;
    bool is_source = false;  ///< it stands for the accounts of a source (accounts::Directory), and is none itself
    std::string system_type;            ///< when not empty, binds must carry it (interop S2)
    std::vector<Cidr> allowed_addresses;///< empty: from anywhere
    BindTypes bind_types;
    std::uint32_t max_sessions = 10;
    Rate rate;
    std::uint32_t window = 100;         ///< deliver_sm of ours that may be unanswered, per session
    std::uint32_t peer_window = 1000;   ///< submit_sm of theirs that we hold unanswered before we stop reading
    std::uint64_t max_queued = 1'000'000; ///< messages of theirs not yet in a final state; beyond: ESME_RMSGQFUL
    TextProfile text;
    IdFormat message_id_format = IdFormat::decimal;  ///< decimal or hex, as shown to them
    ReceiptSettings receipts;
    bool strip_trailing_nul = true;     ///< interop P6, for text codings
    seconds default_validity = {};      ///< for messages that ask for none; 0: the gateway's
    Charging charging;
    std::string country_code;           ///< completes national numbers, see Address::normalise
    std::vector<SourcePattern> senders; ///< that their messages may have; empty: any
    std::string default_sender;         ///< what messages with another one get instead; empty: they are refused
    AccountOutbind outbind;
    std::vector<DistributionList> lists;///< names differ
    std::vector<NumberPattern> numbers; ///< mobile-originated messages to these are theirs

    bool allows(ByteView peer_address) const;
    /// `sender` as Address::normalise makes it.
    bool allows_sender(std::string_view sender) const;
    const DistributionList* list(std::string_view name) const;
    /// `verified`: an authority has vouched for it.
    bool allows(const tls::CertificateFacts& certificate, bool verified) const;
    friend bool operator==(const Account&, const Account&) = default;
};

}  // namespace sluice::routing
