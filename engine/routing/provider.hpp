#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/money.hpp"
#include "engine/routing/account.hpp"
#include "engine/routing/cap.hpp"
#include "engine/routing/price_table.hpp"
#include "engine/routing/status.hpp"
#include "engine/routing/vendor_tlv.hpp"
#include "engine/tls/context.hpp"

namespace sluice::routing {

/// Place in Snapshot::providers; changes with the configuration. What is written to disk is `Provider::key`.
using ProviderId = std::uint16_t;
inline constexpr ProviderId no_provider = UINT16_MAX;

/// How a provider is bound to; `pair` is one transmitter and one receiver each time.
enum class ProviderBind : std::uint8_t { transceiver, pair, transmitter, receiver };
std::string_view to_string(ProviderBind bind);

struct ProviderTimers {
    seconds session_init = seconds(10);   ///< connect and bind
    seconds enquire_link = seconds(30);   ///< silence before enquire_link; 0: never
    seconds response = seconds(30);       ///< for submit_sm
    milliseconds reconnect_min = milliseconds(500);
    milliseconds reconnect_max = milliseconds(30'000);
    friend bool operator==(const ProviderTimers&, const ProviderTimers&) = default;
};

/// How a provider calls us when it has something for us: it connects, says outbind, and we bind as a receiver.
struct ProviderOutbind {
    HostPort listen;              ///< an address of ours, never a name; port 0: it does not call
    std::string system_id;        ///< what its outbind must say
    std::string password;
    std::vector<Cidr> allowed_addresses;  ///< not empty where it calls
    friend bool operator==(const ProviderOutbind&, const ProviderOutbind&) = default;
};

/// How to speak TLS to a provider; equal when the files hold the same.
struct ProviderTls {
    tls::ClientOptions options;
    std::string server_name;  ///< what its certificate must be for; empty: the host of each endpoint
    std::shared_ptr<const tls::Context> context;  ///< made of the options
    friend bool operator==(const ProviderTls& a, const ProviderTls& b) {
        return a.options == b.options && a.server_name == b.server_name;
    }
};

/// A message centre that we bind to as an ESME.
struct Provider {
    ProviderId id = no_provider;
    std::uint64_t key = 0;              ///< stable_key(name)
    std::string name;
    bool enabled = true;
    std::vector<HostPort> endpoints;    ///< tried in turn, at least one
    std::optional<ProviderTls> tls;     ///< none: in clear
    std::string system_id;
    std::string password;               ///< in clear: bind PDUs carry it so
    std::string system_type;
    ProviderBind bind = ProviderBind::transceiver;
    std::uint32_t binds = 1;            ///< connections (pairs where `bind` says so)
    std::uint32_t window = 100;         ///< submit_sm unanswered, per bind
    std::uint32_t peer_window = 1000;   ///< deliver_sm of theirs that we hold unanswered before we stop reading
    Rate rate;                          ///< all binds together
    bool adapt = true;                  ///< rate and window follow how it answers (interop S8), see pace.hpp
    std::uint8_t interface_version = 0x34;
    std::uint8_t address_ton = 0;
    std::uint8_t address_npi = 0;
    std::string address_range;
    IdFormat response_id_format = IdFormat::automatic;
    IdFormat receipt_id_format = IdFormat::automatic;
    TextProfile text;
    bool receipts_by_text = false;      ///< a deliver_sm that reads like a receipt is one whatever its esm_class (R12)
    bool strip_trailing_nul = true;     ///< interop P6, for mobile-originated text
    std::vector<VendorTlv> tlvs;        ///< TLVs of their own (interop R15)
    StatusMap status_map;
    RetryPolicy retry;
    Money cost;                         ///< of one part, in the unit of prices, where `prices` has no table
    Prices prices;                      ///< of one part, by destination; it goes nowhere else then
    Caps caps;
    std::uint64_t max_queued = 10'000'000;
    ProviderTimers timers;
    ProviderOutbind outbind;
    std::string country_code;           ///< for the numbers they send us

    friend bool operator==(const Provider&, const Provider&) = default;
};

}  // namespace sluice::routing
