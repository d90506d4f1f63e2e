#include "tools/bench/ledger.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace sluice::bench {

Result<std::unique_ptr<Ledger>> Ledger::create() {
    void* const memory = ::mmap(nullptr, std::size_t{capacity} * sizeof(Line), PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return fail("no room for the ledger: " + std::system_category().message(errno));
    return std::unique_ptr<Ledger>(new Ledger(static_cast<Line*>(memory)));
}

Ledger::~Ledger() { ::munmap(lines_, std::size_t{capacity} * sizeof(Line)); }

std::optional<std::uint32_t> Ledger::take_block() {
    std::uint32_t first = next_.load(std::memory_order_relaxed);
    do {
        if (first > capacity - block) return std::nullopt;
    } while (!next_.compare_exchange_weak(first, first + block, std::memory_order_relaxed));
    return first;
}

void Ledger::sent(std::uint32_t message, std::uint32_t session, MonoTime due) {
    Line& line = lines_[message];
    store(line.due, static_cast<std::int64_t>(due.time_since_epoch().count()));
    store(line.session, session);
    store(line.answer, Answer::none_yet);
}

Account Ledger::close(bool receipts) const {
    Account sum;
    const std::uint32_t end = next_.load(std::memory_order_relaxed);
    for (std::uint32_t i = 0; i < end; ++i) {
        const Line& line = lines_[i];
        if (line.answer == Answer::never_sent) continue;
        const bool accepted = line.answer == Answer::accepted, refused = line.answer == Answer::refused;
        ++sum.sent;
        sum.accepted += accepted;
        sum.refused += refused;
        sum.unanswered += !accepted && !refused;
        sum.delivered += line.deliveries > 0;
        sum.duplicated += std::max(0, line.deliveries - 1);
        sum.lost += accepted && line.deliveries == 0;
        sum.delivered_though_refused += refused && line.deliveries > 0;
        sum.receipted += line.receipts > 0;
        sum.receipts_lost += receipts && accepted && line.deliveries > 0 && line.receipts == 0;
    }
    return sum;
}

}  // namespace sluice::bench
