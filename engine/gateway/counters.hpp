#pragma once

#include <string_view>

#include "engine/base/counters.hpp"

namespace sluice::gateway {

// name, help: what the metrics call it, for all of a shard.
#define SLUICE_GATEWAY_COUNTERS(X) \
    X(submits, "submit_sm, data_sm and submit_multi destinations received from accounts") \
    X(accepted, "messages acknowledged to accounts after they were on disk") \
    X(refused_malformed, "submits refused because a field was wrong") \
    X(refused_tlv_length, "submits refused with ESME_RINVTLVLEN because a TLV has a length that SMPP forbids") \
    X(tlvs_mended, "TLVs of another width, or without their NUL, that go on as SMPP has them") \
    X(tlvs_left_out, "TLVs of mobile-originated messages that were left out because SMPP forbids their length") \
    X(refused_sender, "submits refused with ESME_RINVSRCADR because the account may not send as that") \
    X(refused_throttled, "submits refused with ESME_RTHROTTLED") \
    X(refused_full, "submits refused with ESME_RMSGQFUL") \
    X(refused_receipts, "submits refused with ESME_RTHROTTLED because too many receipts were outstanding") \
    X(refused_credit, "submits refused because the account's credits had run out") \
    X(refused_no_route, "submits refused because no route matched, or a rule rejects") \
    X(refused_unpaid, "submits refused because the database with the account's credits was away or too slow") \
    X(charges_uncertain, "charges of which a database has not said whether it took them: their messages were refused") \
    X(refunds, "credits given back in databases, in messages") \
    X(refunds_written_off, "credits that were to be given back in a database and were written off, in messages") \
    X(udh_and_sar, "messages with both a user data header and SAR TLVs: the header was used") \
    X(refused_text, "submits refused with ESME_RINVDCS because the provider's alphabet cannot hold their text") \
    X(split, "messages that were split into parts for their provider or account") \
    X(text_undeliverable, "messages that ended undelivered because the last provider refuses such text") \
    X(sends, "tries to send to providers") \
    X(sent, "messages that providers took") \
    X(sent_without_id, "messages that providers took with an empty message_id: no receipt can be matched") \
    X(throttled_by_provider, "tries that a provider throttled") \
    X(temporary_errors, "tries that ended in an error which may go away") \
    X(permanent_errors, "tries that ended in an error for good") \
    X(unanswered, "tries without an answer: they may have arrived") \
    X(rerouted, "messages moved to another provider's queue") \
    X(expired, "messages whose validity ended before they were delivered") \
    X(receipts_in, "receipts received from providers") \
    X(receipts_matched, "receipts that found their message") \
    X(receipts_looked_up, "receipts looked up on disk") \
    X(receipts_early, "receipts kept on disk because their message was not known yet, nor within 20 ms") \
    X(receipts_quarantined, "receipts that matched nothing within the hold time") \
    X(receipts_repeated, "receipts for messages that were final already") \
    X(receipts_intermediate, "receipts that tell of a state that is not final") \
    X(receipts_other_format, "receipts matched only after reading their id in another base") \
    X(receipts_missing, "messages whose receipt never came") \
    X(reports_sent, "tries to deliver receipts to accounts") \
    X(reports_delivered, "receipts that accounts took") \
    X(reports_refused, "receipts that accounts refused for good, or did not fetch in time") \
    X(originated, "mobile-originated messages received from providers") \
    X(originated_delivered, "mobile-originated messages that accounts took") \
    X(originated_unowned, "mobile-originated messages to numbers that no account has: kept") \
    X(originated_claimed, "of those, the ones that a later configuration gave to an account") \
    X(queries, "query_sm, cancel_sm and replace_sm received") \
    X(refused_max_sessions, "connections closed at once because of limits.max_sessions") \
    X(refused_per_address, "connections closed at once because of limits.max_sessions_per_address") \
    X(refused_max_unbound, "connections closed at once because of limits.max_unbound") \
    X(binds, "binds accepted") \
    X(binds_refused, "binds refused") \
    X(binds_wrong, "of them those with a wrong password, or of nobody") \
    X(binds_slowed, "binds that had to wait because others before them had failed") \
    X(binds_shut_out, "binds refused unheard because too many of their address wait already") \
    X(evicted, "sessions that did not answer when a new bind wanted their place") \
    X(outbinds, "outbinds of providers that we answered with a bind") \
    X(outbinds_refused, "connections and outbinds to a provider's outbind.listen that were refused") \
    X(outbinds_sent, "calls to accounts with an outbind setting, because something waits for them") \
    X(triggers_run, "scripts called by events") \
    X(trigger_errors, "scripts that failed: what their on_error says was done") \
    X(trigger_look_ups, "SQL and HTTP look-ups that scripts waited for") \
    X(trigger_rejects, "messages and binds that scripts refused") \
    X(trigger_drops, "mobile-originated messages that scripts dropped") \
    X(trigger_sends, "messages that scripts sent") \
    X(trigger_sends_refused, "messages that scripts sent and that were refused") \
    X(deliver_malformed, "deliver_sm and data_sm from providers refused because a field was wrong")

struct Counters {
#define SLUICE_COUNTER(name, help) Counter name;
    SLUICE_GATEWAY_COUNTERS(SLUICE_COUNTER)
#undef SLUICE_COUNTER
    Gauge sessions;
    Gauge provider_binds;
    Gauge in_memory;
    Gauge queued;
    Gauge unfinished;
    Gauge receipts_outstanding;
    Gauge refunds_owed;
    Gauge refunds_stuck;
    Gauge receipts_held;
    Gauge receipts_in_quarantine;
    Gauge receipts_in_memory;
    Gauge receipts_on_disk;

    /// visit(name, help, value) for each counter.
    template <class Visit>
    void for_each(Visit&& visit) const {
#define SLUICE_COUNTER(name, help) visit(std::string_view(#name), std::string_view(help), name.value());
        SLUICE_GATEWAY_COUNTERS(SLUICE_COUNTER)
#undef SLUICE_COUNTER
    }
};

}  // namespace sluice::gateway
