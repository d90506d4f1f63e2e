#include "tools/bench/generator.hpp"

#include <algorithm>

namespace sluice::bench {

Result<std::unique_ptr<Generator>> Generator::open(const LoadOptions& options, Ledger& ledger, std::uint32_t threads) {
    std::unique_ptr<Generator> generator(new Generator(options));
    for (std::uint32_t i = 0; i < threads; ++i) {
        auto worker = Worker::open(options, ledger, i, threads);
        if (!worker) return std::unexpected(worker.error());
        generator->workers_.push_back(std::move(*worker));
    }
    return generator;
}

Result<std::vector<io::Endpoint>> Generator::listen(std::uint16_t first_port) {
    std::vector<io::Endpoint> endpoints;
    for (std::uint32_t i = 0; i < options_.providers; ++i) {
        io::Endpoint wanted = *io::Endpoint::parse("127.0.0.1:0");
        if (first_port != 0) wanted.port = static_cast<std::uint16_t>(first_port + i);
        const auto endpoint = workers_[i % workers_.size()]->listen(wanted);
        if (!endpoint) return std::unexpected(endpoint.error());
        endpoints.push_back(*endpoint);
    }
    return endpoints;
}

void Generator::start() {
    for (auto& worker : workers_) worker->start();
}

void Generator::connect(const io::Endpoint& gateway) {
    for (auto& worker : workers_)
        worker->on_thread([&](Customers& customers, Latencies&) { customers.connect(gateway); });
}

void Generator::begin(const Phase& phase) {
    // Only threads with sessions send; what they send is dealt to them.
    std::vector<Worker*> senders;
    for (auto& worker : workers_) {
        worker->on_thread([](Customers&, Latencies& latencies) { latencies.clear(); });
        if (worker->wanted_sessions() > 0) senders.push_back(worker.get());
    }
    const auto threads = static_cast<std::int64_t>(senders.size());
    for (std::int64_t i = 0; i < threads; ++i) {
        Phase share = phase;
        if (phase.count != std::numeric_limits<std::uint64_t>::max())
            share.count = phase.count / senders.size() +
                          (static_cast<std::uint64_t>(i) < phase.count % senders.size() ? 1 : 0);
        share.interval = phase.interval * threads;
        share.begin = phase.begin + phase.interval * i;
        senders[static_cast<std::size_t>(i)]->on_thread(
            [&](Customers& customers, Latencies&) { customers.begin(share); });
    }
}

void Generator::stop_sending() {
    for (auto& worker : workers_)
        worker->on_thread([](Customers& customers, Latencies&) { customers.stop_sending(); });
}

void Generator::unbind() {
    for (auto& worker : workers_) worker->on_thread([](Customers& customers, Latencies&) { customers.unbind(); });
}

std::string Generator::trouble() {
    std::string found;
    for (auto& worker : workers_)
        worker->on_thread([&](Customers& customers, Latencies&) {
            if (found.empty()) found = customers.trouble();
        });
    return found;
}

std::map<smpp::CommandStatus, std::uint64_t> Generator::refusals() {
    std::map<smpp::CommandStatus, std::uint64_t> sum;
    for (auto& worker : workers_)
        worker->on_thread([&](Customers& customers, Latencies&) {
            for (const auto& [status, count] : customers.refusals()) sum[status] += count;
        });
    return sum;
}

std::uint64_t Generator::early_receipts() {
    std::uint64_t sum = 0;
    for (auto& worker : workers_)
        worker->on_thread([&](Customers& customers, Latencies&) { sum += customers.early_receipts(); });
    return sum;
}

void Generator::add_latencies(Latencies& to) {
    for (auto& worker : workers_) worker->on_thread([&](Customers&, Latencies& latencies) { to.add(latencies); });
}

Generator::Totals Generator::totals() const {
    Totals sum;
    for (const auto& worker : workers_) {
        const LoadCounters& c = worker->counters();
        sum.sessions += c.sessions.value();
        sum.binds += c.binds.value();
        sum.sending += c.sending.value();
        sum.sent += c.sent.value();
        sum.accepted += c.accepted.value();
        sum.refused += c.refused.value();
        sum.unanswered += c.unanswered.value();
        sum.receipted += c.receipted.value();
        sum.delivered += c.delivered.value();
        sum.receipts_duplicated += c.receipts_duplicated.value();
        sum.receipts_unknown += c.receipts_unknown.value();
        sum.receipts_refused += c.receipts_refused.value();
        sum.duplicated += c.duplicated.value();
        sum.strangers += c.strangers.value();
        sum.out_of_order += c.out_of_order.value();
        sum.last_event = std::max(sum.last_event, MonoTime(nanoseconds(c.last_event.value())));
    }
    return sum;
}

std::vector<ThreadTime> Generator::times() const {
    std::vector<ThreadTime> times;
    for (const auto& worker : workers_) times.push_back(worker->time());
    return times;
}

}  // namespace sluice::bench
