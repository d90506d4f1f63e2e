#include "tools/bench/worker.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <future>

#include "engine/io/make_io.hpp"

namespace sluice::bench {

void Latencies::add(const Latencies& other) {
    response.add(other.response);
    provider.add(other.provider);
    receipt.add(other.receipt);
    lag.add(other.lag);
}

void Latencies::clear() {
    for (Histogram* each : {&response, &provider, &receipt, &lag}) each->clear();
}

Worker::Worker(const LoadOptions& options, Ledger& ledger, std::unique_ptr<io::Io> io, std::uint32_t number,
               std::uint32_t threads)
    : reactor_(std::move(io), *this, clock_),
      work_{options, ledger, reactor_, parties_, counters_, latencies_},
      customers_(work_, number, threads),
      providers_(work_) {
    reactor_.at_turn_end([this] {
        customers_.pump();
        providers_.pump();
        parties_.bury();
    });
}

Worker::~Worker() {
    stopping_.store(true, std::memory_order_release);
    reactor_.wake();
    if (thread_.joinable()) thread_.join();
}

Result<std::unique_ptr<Worker>> Worker::open(const LoadOptions& options, Ledger& ledger, std::uint32_t number,
                                             std::uint32_t threads) {
    auto io = io::make_io(io::BackendChoice::automatic);
    if (!io) return std::unexpected(io.error());
    return std::unique_ptr<Worker>(new Worker(options, ledger, std::move(*io), number, threads));
}

void Worker::start() {
    thread_ = std::thread([this] { run(); });
    thread_id_.wait(0);
}

void Worker::run() {
    ::prctl(PR_SET_TIMERSLACK, 1000ul);  // ns: the schedule of an open loop is kept by waits
    // So that it keeps its schedule where it shares its cores with the gateway. Without the right to, it does not.
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), -10);
    thread_id_.store(::gettid());
    thread_id_.notify_all();
    while (!stopping_.load(std::memory_order_acquire)) {
        reactor_.turn(customers_.max_wait());
        if (customers_.rest_until() <= std::chrono::steady_clock::now()) continue;
        reactor_.turn(nanoseconds::zero());  // what was sent leaves before the rest
        std::this_thread::sleep_until(customers_.rest_until());
    }
}

ThreadTime Worker::time() const {
    std::ifstream file("/proc/self/task/" + std::to_string(thread_id_.load()) + "/schedstat");
    std::int64_t running = 0, waiting = 0;
    file >> running >> waiting;
    return {nanoseconds(running), nanoseconds(waiting)};
}

void Worker::on_thread(const std::function<void(Customers&, Latencies&)>& work) {
    std::promise<void> done;
    reactor_.post([&] {
        work(customers_, latencies_);
        done.set_value();
    });
    done.get_future().wait();
}

void Worker::on_accept(io::LinkId link, io::ListenerId listener, const io::Endpoint&) {
    providers_.on_accept(link, listener);
}

void Worker::on_connect(io::LinkId link, std::error_code error) { customers_.on_connect(link, error); }

std::size_t Worker::on_data(io::LinkId link, ByteView data) {
    work_.event_time = clock_.mono();
    Party* const party = parties_.find(link);
    return party != nullptr ? party->link.receive(data) : data.size();
}

void Worker::on_drained(io::LinkId link) {
    if (Party* const party = parties_.find(link)) party->on_drained();
}

void Worker::on_close(io::LinkId link, std::error_code) {
    if (Party* const party = parties_.find(link)) party->link.lost();
}

}  // namespace sluice::bench
