#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "codecs/smpp/header.hpp"
#include "engine/accounts/credits.hpp"
#include "engine/accounts/directory.hpp"
#include "engine/accounts/number_owners.hpp"
#include "engine/base/flat_map.hpp"
#include "engine/base/privacy.hpp"
#include "engine/base/random.hpp"
#include "engine/gateway/admission.hpp"
#include "engine/gateway/bind_guard.hpp"
#include "engine/gateway/counters.hpp"
#include "engine/gateway/found_accounts.hpp"
#include "engine/gateway/message_store.hpp"
#include "engine/gateway/party.hpp"
#include "engine/gateway/wire.hpp"
#include "engine/history/recorder.hpp"
#include "engine/reactor/reactor.hpp"
#include "engine/routing/snapshot.hpp"
#include "engine/script/event.hpp"

namespace sluice::script {
struct Program;
class LookUps;
}  // namespace sluice::script

namespace sluice::gateway {

class Arrival;
struct HeldPdu;
/// Null where the history keeps no PDUs.
using HeldArrival = std::shared_ptr<const HeldPdu>;

class Refunds;
class Triggers;
using history::TraceEvent;

/// What the gateway needs of the settings beyond accounts, providers and routes.
struct GatewayConfig {
    std::string system_id = "sluice";
    std::uint8_t node = 0;
    MessageStoreConfig store;
    seconds session_init{10}, enquire_link{30}, response{10}, inactivity{0};
    std::uint64_t max_queued = 50'000'000;               ///< messages that are not final, all shards together
    std::uint64_t max_receipts_outstanding = 20'000'000; ///< messages whose receipt is to come, all shards together
    milliseconds probe{2000};             ///< for a silent session to answer when its place is wanted
    std::size_t max_receipts_in_memory = 1'000'000;       ///< entries of the receipt index, all shards together
    std::size_t max_receipts_held = 100'000;
    seconds default_validity{24 * 3600}, max_validity{7 * 24 * 3600};
    seconds receipt_hold{300}, delivery_validity{7 * 24 * 3600};
    smpp::CommandStatus no_credit_status = smpp::CommandStatus::ESME_RSUBMITFAIL;  ///< the credits have run out
    std::shared_ptr<const script::Program> program;  ///< triggers and their scripts; null: none
    Privacy privacy;                      ///< of what history and log say about people
    bool history_pdus = false;            ///< the history takes every PDU of a message
};

/// Verifies a password away from the reactors: calls `done` from any thread. False when too many are waiting.
using Authenticate = std::function<bool(const std::string& system_id, const std::string& hash,
                                        const std::string& password, std::function<void(bool right)> done)>;

/// Takes credits of an account where its source keeps them, or gives them back (`amount` below zero).
/// Waits for nothing; `done` comes once, from any thread.
using MoveCredits = std::function<void(const std::string& source, const std::string& system_id, Money amount,
                                       accounts::Credits::Done done)>;

/// One line of the log: a level ('E', 'W', 'I', 'D') and text without
/// line ends. Called on reactors: must only hand over.
using LogLine = std::function<void(char level, std::string text)>;

/// What the parts of a shard share. The shard owns it; one thread uses it.
struct Core {
    std::uint32_t shard = 0;
    std::uint32_t shards = 1;
    GatewayConfig config;
    reactor::Reactor* reactor = nullptr;
    MessageStore* messages = nullptr;
    AccountsShared* accounts = nullptr;
    Admission* admission = nullptr;
    Authenticate authenticate;
    MoveCredits move_credits;             ///< none: no account has its credits elsewhere
    Refunds* refunds = nullptr;
    accounts::Directory* directory = nullptr;  ///< none: no accounts but those of the configuration
    accounts::NumberOwners* number_owners = nullptr;  ///< none: no numbers but those of accounts
    BindGuard guard{0};
    LogLine log;
    LogLine session_log;  ///< who binds, who is unbound, and whom nobody lets in
    LogLine trigger_log;  ///< what scripts say, and what is wrong with them
    Random random{1};
    Counters counters;
    history::Recorder* history = nullptr;  ///< of this shard; null: no history is kept
    /// Answers a request with a status alone, on whichever shard its session is; nothing when it is gone.
    std::function<void(const wire::ReplyTo&, smpp::CommandStatus)> answer;
    std::shared_ptr<const routing::Snapshot> snapshot;
    std::vector<routing::Health> health;  ///< by ProviderId of the present snapshot
    std::vector<std::uint8_t> quality;    ///< likewise, see routing::QualityView; empty where no route weighs it
    std::unordered_map<PartyId, std::unique_ptr<Party>> parties;
    FlatMap party_places;                 ///< id + 1 to the address of the same
    std::array<Party*, 256> lately{};     ///< by the id's lowest bits: parties are asked for several times a message
    FoundAccounts found_accounts;         ///< which go with `snapshot`
    std::vector<Connection*> touched;     ///< in this turn, see Connection::touch
    std::vector<Connection*> ended;       ///< sessions that are over, to be destroyed at the end of the turn
    Triggers* triggers = nullptr;
    script::LookUps* look_ups = nullptr;  ///< null: scripts can make none
    script::EventMask trigger_events = 0; ///< those that fire triggers
    /// All that an event costs for which there is no trigger.
    bool fires(script::Event event) const { return (trigger_events & script::bit(event)) != 0; }
    bool owners_missed = false;           ///< a database could not say whose a number is: Unowned asks again
    bool disk_stalled = false;            ///< commits fail (disk full): nothing can be taken
    std::unordered_set<std::uint64_t> top_ups;  ///< hashes of references under way, see charging.hpp
    bool draining = false;                ///< no new messages: an orderly end is under way

    const Now& now() { return reactor->now(); }
    std::int64_t wall_microseconds() { return now().wall.time_since_epoch().count(); }
    /// Tells the history what happened to a message; see TraceEvent. Costs some tens of instructions.
    void note(MessageId id, TraceEvent event, PartyId its, std::uint32_t status = 0) {
        if (history != nullptr) history->note(id, wall_microseconds(), event, its, status);
    }
    void note(MessageId id, TraceEvent event, PartyId its, std::uint32_t status, ByteView tail) {
        if (history != nullptr) history->note(id, wall_microseconds(), event, its, status, tail);
    }
    /// A message from `by` for `whom`, who may be nobody yet.
    void note_accepted(MessageId id, PartyId by, PartyId whom, std::string_view source, std::string_view destination);
    void note_receipt(const wire::ReceiptNote& note);
    /// A provider's receipt, or the answer to it: whose is found out later, so it is kept under the id that it names.
    void note_receipt_pdu(PartyId provider, std::string_view receipted_message_id, const smpp::Header& header,
                          ByteView body);
    /// When every PDU is kept, masked as the privacy settings want it.
    void note_pdu(MessageId id, TraceEvent event, PartyId its, const smpp::Header& header, ByteView body);
    const Arrival* arrival = nullptr;     ///< the request that is being taken, while the history keeps PDUs
    /// Of the present arrival, for what cannot be taken at once.
    HeldArrival hold_arrival() const;

    Party& party(PartyId id) {
        Party*& its = lately[id % lately.size()];
        if (its == nullptr || its->id != id) [[unlikely]] its = &look_up_party(id);
        return *its;
    }
    Party* find_party(PartyId id) {
        const auto found = parties.find(id);
        return found != parties.end() ? found->second.get() : nullptr;
    }
    /// Points parties at the accounts and providers of `next`, and at what the directory has found to go with it; those
    /// that are gone stay, without either.
    void adopt(std::shared_ptr<const routing::Snapshot> next);

    /// An account that the directory has found. False, and nothing happens, when it is known like this already, when it
    /// goes with another snapshot, or when its name cannot be told from another one's.
    bool add_found(const accounts::Directory::Found& its);
    /// Of the configuration, or found; null for neither.
    const routing::Account* find_account(std::string_view system_id);

    Party& look_up_party(PartyId id);
    Party& add_party(PartyId id);
    /// How the provider is, for routes, from what this shard knows of it now.
    void refresh_health(const Party& its);

    /// To another shard's handler. What a full ring does not take waits here, in order; see `crowded`.
    void send(std::uint32_t to, wire::Type type, ByteView head, ByteView tail = {});
    template <class Note>
    void send(std::uint32_t to, wire::Type type, const Note& note, ByteView tail = {}) {
        send(to, type, wire::octets_of(note), tail);
    }
    /// New work must not be given to that shard for now.
    bool crowded(std::uint32_t to) const { return !overflow.empty() && !overflow[to].empty(); }
    void flush_overflow();

    /// Tells the other shards what this one has, and notes what they have. Once a turn.
    void exchange_totals();
    /// Messages that are not final, of all shards. This one's are exact,
    /// the others' as they were at the last turn's end.
    std::uint64_t unfinished() const { return messages->counts().unfinished() + others_unfinished; }
    /// Likewise messages whose receipt is to come.
    std::uint64_t awaiting() const { return messages->counts().awaiting() + others_awaiting; }
    std::uint64_t others_unfinished = 0;
    std::uint64_t others_awaiting = 0;

    struct Waiting {
        wire::Type type;
        std::vector<std::uint8_t> record;
    };
    std::vector<std::deque<Waiting>> overflow;  ///< by shard; bounded by the windows of what it answers
};

/// A copy of the PDU that brought what a script or a database holds up.
struct HeldPdu {
    smpp::Header header;
    std::vector<std::uint8_t> body;
};

/// While it lives, what is accepted or reported keeps this PDU in its history, if that keeps PDUs. Without a PDU: none.
class Arrival {
public:
    explicit Arrival(Core& core) : core_(core), before_(core.arrival) { core.arrival = nullptr; }
    Arrival(Core& core, const smpp::Header& header, ByteView body) : Arrival(core) {
        header_ = header;
        body_ = body;
        if (core.config.history_pdus) core.arrival = this;
    }
    /// What was held up goes on.
    Arrival(Core& core, const HeldArrival& held) : Arrival(core) {
        if (held == nullptr) return;
        header_ = held->header;
        body_ = held->body;
        core.arrival = this;
    }
    ~Arrival() { core_.arrival = before_; }
    Arrival(const Arrival&) = delete;
    Arrival& operator=(const Arrival&) = delete;

    const smpp::Header& header() const { return header_; }
    ByteView body() const { return body_; }

private:
    Core& core_;
    const Arrival* before_;
    smpp::Header header_;
    ByteView body_;
};

}  // namespace sluice::gateway
