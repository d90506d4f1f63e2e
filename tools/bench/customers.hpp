#pragma once

#include <deque>
#include <map>
#include <string>

#include "engine/base/flat_map.hpp"
#include "tools/bench/ledger.hpp"
#include "tools/bench/load.hpp"
#include "tools/bench/party.hpp"

namespace sluice::bench {

/// What everything on a generator thread works with. `event_time` is read for every batch of octets, not once a turn:
/// a turn under load may be long.
struct Workplace {
    const LoadOptions& options;
    Ledger& ledger;
    reactor::Reactor& reactor;
    Parties& parties;
    LoadCounters& counters;
    Latencies& latencies;
    MonoTime event_time{};

    void note_event() { counters.last_event.set(event_time.time_since_epoch().count()); }
};

/// The customers of one thread: binds their sessions, a few at a time, and sends on them what a phase says.
class Customers {
public:
    /// `work` outlives this. Accounts `number`, `number + threads`, ... are this thread's, with all their sessions.
    Customers(Workplace& work, std::uint32_t number, std::uint32_t threads);
    ~Customers();

    /// Begins to connect and bind.
    void connect(const io::Endpoint& gateway);
    void begin(const Phase& phase);
    void stop_sending() { phase_.count = 0; }
    void unbind();

    /// At the end of every turn: sends what may be sent.
    void pump();
    /// How long the thread may wait for something to happen.
    nanoseconds max_wait() const;
    /// Until when it does nothing, so that an open loop's messages go out several at a time.
    MonoTime rest_until() const { return rest_until_; }

    /// Sessions that this thread is to have.
    std::uint32_t wanted() const { return static_cast<std::uint32_t>(plan_.size()); }
    /// The first thing that went wrong with a connection; empty when nothing did.
    const std::string& trouble() const { return trouble_; }
    const std::map<smpp::CommandStatus, std::uint64_t>& refusals() const { return refusals_; }
    /// Receipts whose submit_sm_resp has not come: with everything answered, they are for nothing we know.
    std::size_t early_receipts() const { return early_.size(); }

    // ---- from the thread's link events
    void on_connect(io::LinkId link, std::error_code error);

private:
    class Session;
    struct Planned {
        std::uint32_t number;   ///< among all sessions of the run
        std::uint32_t account;
    };

    void connect_more();
    bool is_active(std::uint32_t number) const;
    void bound(Session& session);
    void ended(Session& session, session::EndReason reason, smpp::CommandStatus status);
    void mark_ready(Session& session);
    void pump_closed(MonoTime now);
    void pump_open(MonoTime now);
    bool send(Session& session, MonoTime due, MonoTime now);
    std::optional<std::uint32_t> next_message();
    void answered(Session& session, std::uint32_t message, const smpp::Header& header, ByteView body);
    void rest(Session& session);
    void receipt(std::uint32_t account, const smpp::DeliverSm& pdu);
    void settle(std::uint32_t message);
    void remember(std::uint64_t id) { finished_[id % finished_.size()] = id; }

    Workplace& work_;
    std::vector<Planned> plan_;
    std::size_t connects_ = 0;      ///< begun
    std::size_t next_planned_ = 0;  ///< whose connection is the next one there
    std::size_t under_way_ = 0;     ///< connecting or not bound yet
    io::Endpoint gateway_;
    std::vector<Session*> sessions_;  ///< those there are
    bool unbinding_ = false;
    std::string trouble_;
    std::map<smpp::CommandStatus, std::uint64_t> refusals_;

    Phase phase_;
    std::uint64_t sent_ = 0;  ///< in this phase
    std::deque<Session*> ready_;  ///< with room in the window, as far as is known
    bool blocked_ = false;        ///< no window had room at the last look
    MonoTime rest_until_{};
    MonoTime blocked_until_{};    ///< since when one has again: being late before that is not the generator's fault
    Composer composer_;
    std::uint32_t next_message_ = 0, block_end_ = 0;

    // Ids of message centres are known by their hash with the account's number. A receipt may come before its
    // submit_sm_resp; a second one long after the first, which is told from a stranger by the last finished ids.
    FlatMap awaited_;  ///< id to message + 1
    FlatMap early_;    ///< id to time of the receipt
    std::vector<std::uint64_t> finished_;
};

}  // namespace sluice::bench
