#include "tests/sim/ledger.hpp"

#include <algorithm>

namespace sluice::sim {

std::vector<std::string> Ledger::judge(const Limits& limits) const {
    std::vector<std::string> found = wrong;
    judge_messages(found);
    judge_rates(limits, found);
    if (limits.strict_order) judge_order(found);
    return found;
}

void Ledger::judge_messages(std::vector<std::string>& found) const {
    for (const auto& [text, s] : sent) {
        if (s.id.empty()) continue;
        const std::string name = text + " " + s.id;
        // It was delivered, or it ended in another way that a receipt tells where one is wanted.
        const bool may_end_otherwise = s.expires || s.cancelled || s.maybe_cancelled;
        if (s.copies.empty() && !may_end_otherwise) found.push_back("lost: " + name);
        if (s.wants_receipt && s.receipts.empty()) found.push_back("no receipt: " + name);
        if (s.stat == "EXPIRED" && !s.expires) found.push_back("expired before its time: " + name);
        if (s.stat == "DELETED" && !s.cancelled && !s.maybe_cancelled)
            found.push_back("deleted, and nobody cancelled it: " + name);
        if (s.cancelled && s.wants_receipt && s.stat != "DELETED")
            found.push_back("cancelled, but " + s.stat + ": " + name);
        const bool delivered = std::ranges::any_of(s.copies, [](const Arrival& a) { return !a.refused; });
        if (s.stat == "DELIVRD" && !delivered) found.push_back("said to be delivered: " + name);
    }
    for (const auto& [text, mo] : originated) {
        // The copies for several are stored together or not at all.
        const bool stored =
            mo.acknowledged || std::ranges::any_of(mo.delivered, [](const auto& d) { return d.second > 0; });
        for (const auto& [owner, times] : mo.delivered)
            if (stored && times == 0) found.push_back("lost for " + owner + ": " + text);
    }
}

void Ledger::judge_rates(const Limits& limits, std::vector<std::string>& found) const {
    const auto refills_in = [this](MonoTime from, MonoTime to) {
        return static_cast<std::uint64_t>(
            std::ranges::count_if(refills, [&](MonoTime at) { return at >= from && at <= to; }));
    };
    const auto allowed = [](const routing::Rate& rate, nanoseconds time, std::uint64_t buckets) {
        return rate.burst * buckets +
               static_cast<double>(rate.per_second) * std::chrono::duration<double>(time).count();
    };
    constexpr nanoseconds stretches[] = {milliseconds(200), seconds(2), seconds(20)};
    for (const auto& [account, rate] : limits.accounts) {
        const auto list = admitted.find(account);
        if (list == admitted.end()) continue;
        for (const Admitted& first : list->second) {
            for (const nanoseconds stretch : stretches) {
                const MonoTime end = first.submitted_at + stretch;
                const auto count = std::ranges::count_if(list->second, [&](const Admitted& a) {
                    return a.submitted_at >= first.submitted_at && a.answered_at <= end;
                });
                // Nobody remembers the old bucket after a start.
                const auto most = allowed(rate, stretch, 1 + refills_in(first.submitted_at, end));
                if (static_cast<double>(count) > most)
                    return found.push_back(account + " was allowed " + std::to_string(count) + " in a stretch for " +
                                           std::to_string(most));
            }
        }
    }
    for (const auto& [provider, rate] : limits.providers) {
        const auto list = offered.find(provider);
        if (list == offered.end()) continue;
        for (const MonoTime first : list->second) {
            for (const nanoseconds stretch : stretches) {
                const auto count = std::ranges::count_if(
                    list->second, [&](MonoTime at) { return at >= first && at <= first + stretch; });
                // What arrives within the stretch may have been sent before it, up to the windows.
                const auto most =
                    allowed(rate, stretch, 1 + refills_in(first, first + stretch)) + limits.windows.at(provider);
                if (static_cast<double>(count) > most)
                    return found.push_back(provider + " was offered " + std::to_string(count) + " in a stretch for " +
                                           std::to_string(most));
            }
        }
    }
}

void Ledger::judge_order(std::vector<std::string>& found) const {
    // On one link nothing overtakes what has the same priority, unless it is sent again or waits for a time of its own.
    std::map<std::pair<std::uint64_t, int>, std::uint64_t> newest;
    for (const InOrder& arrival : first_copies) {
        const Sent& s = sent.at(arrival.text);
        if (s.id.empty() || s.timed || s.copies.front().connection != arrival.connection) continue;
        const std::uint64_t id = std::stoull(s.id);
        std::uint64_t& last = newest[{arrival.connection, s.priority}];
        if (id < last) found.push_back("overtaken: " + arrival.text + " " + s.id);
        last = std::max(last, id);
    }
}

}  // namespace sluice::sim
