#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/gateway/shard.hpp"

/// What a shard tells about itself to the admin port: plain copies, cheap to take on the shard's thread.
namespace sluice::app {

class Gateway;

struct SessionView {
    std::uint32_t shard = 0;
    io::LinkId link;
    io::Endpoint peer;
    gateway::PartyId party = 0;  ///< 0: not bound yet
    session::State state{};
    std::string tls_version, tls_cipher;  ///< empty in clear
    std::string certificate;     ///< common name of the one the peer showed
    std::uint8_t interface_version = 0;
    std::uint32_t in_flight = 0;   ///< requests of ours without an answer
    std::uint32_t window = 0;      ///< how many there may be
    gateway::Connection::Rates rates;
    nanoseconds silence{};         ///< since anything came from the peer
    std::size_t unsent_bytes = 0;
    nanoseconds age{};
    session::SessionCounters counters;
};
std::vector<SessionView> view_sessions(gateway::Shard& shard);

struct PartyView {
    gateway::PartyId party = 0;
    std::uint32_t bound = 0;       ///< this shard's sessions with it
    std::uint32_t in_flight = 0;   ///< over them
    std::uint64_t queued = 0;      ///< for it, in this shard's lanes
    std::int64_t unfinished = 0;   ///< accounts: their messages that are not final, of all shards
    std::uint32_t rate_limit = 0;  ///< of providers: messages a second that its answers let this shard send; 0: all
    std::uint32_t window_limit = 0;///< of providers: requests unanswered per bind, likewise
    gateway::Balance balance;      ///< of accounts: what this shard has of their credits
    Money available;               ///< of accounts: what may be put aside for messages, on all shards
    bool held = false;             ///< throttled: by its answers, or by its rate
    routing::Health health = routing::Health::up;  ///< of providers
    routing::CapCount::Used sent;  ///< to providers with a cap, by all shards
    std::optional<routing::DeliveryCount::Sample> deliveries;  ///< of providers, where some route weighs them
};
struct ShardView {
    bool draining = false;
    std::size_t journal_segments = 0;
    std::vector<PartyView> parties;
};
ShardView view_shard(gateway::Shard& shard);

/// Adds what each shard counts for itself.
void add_counts(PartyView& total, const PartyView& party);
/// Each party over all shards; those that did not answer are left out. `window_limit` is the least where it has a bind,
/// 0 without one.
std::unordered_map<gateway::PartyId, PartyView> totals_of(const std::vector<std::optional<ShardView>>& shards);

struct LaneView {
    std::uint32_t shard = 0;
    gateway::PartyId party = 0;
    std::uint8_t priority = 0;
    std::size_t in_memory = 0;
    std::uint64_t on_disk = 0;  ///< and not in memory
};
struct TriggerView {
    std::string name, event, script;
    bool configured = false;   ///< it is one of the present configuration; else `event` and `script` are not known
    std::size_t place = 0;     ///< in the configuration
    gateway::Triggers::Stats stats;
};
struct TriggersView {
    std::vector<TriggerView> triggers;  ///< all that there have been since the start
    std::size_t waiting = 0;   ///< events whose scripts wait for a look-up
    std::size_t memory = 0;    ///< octets that scripts have
};
TriggersView view_triggers(gateway::Shard& shard);

/// Those that are not empty.
std::vector<LaneView> view_lanes(gateway::Shard& shard);

/// A message without its text.
struct MessageView {
    gateway::MessageId id = 0, shown_id = 0;
    gateway::PartyId account = 0, provider = 0;
    gateway::Kind kind{};
    gateway::Leg leg{};
    gateway::Stage stage{};
    smpp::MessageState final_state{};
    std::uint8_t priority = 0, attempts = 0, registered_delivery = 0;
    bool in_memory = false;
    WallTime accepted_at{}, expires_at{}, due_at{}, done_at{};
    std::string provider_id, error;
};
/// Looks in memory, then on disk; changes nothing. `answer` gets nothing when there is no such message (any more).
void view_message(gateway::Shard& shard, gateway::MessageId id, std::function<void(std::optional<MessageView>)> answer);

/// Names of parties, for people.
class PartyNames {
public:
    explicit PartyNames(const Gateway& gateway);
    /// Those that the configuration has lost are called by their number.
    std::string of(gateway::PartyId party) const;

private:
    std::unordered_map<gateway::PartyId, std::string> names_;
};

}  // namespace sluice::app
