#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <thread>

#include "tools/bench/providers.hpp"

namespace sluice::bench {

/// How a thread has spent its time so far.
struct ThreadTime {
    nanoseconds running{};  ///< on a core
    nanoseconds waiting{};  ///< could have run, and had no core
};

/// One thread of the generator: some customers and some providers around one reactor.
class Worker final : public io::LinkEvents {
public:
    /// `options` and `ledger` outlive it. `number` of `threads`, for what is its share.
    static Result<std::unique_ptr<Worker>> open(const LoadOptions& options, Ledger& ledger, std::uint32_t number,
                                                std::uint32_t threads);
    /// Ends the thread; connections are cut.
    ~Worker() override;

    /// Before `start`: a provider of this thread. Returns the endpoint as it came out.
    Result<io::Endpoint> listen(const io::Endpoint& endpoint) { return providers_.listen(endpoint); }
    void start();

    // ---- from any other thread, once it runs
    const LoadCounters& counters() const { return counters_; }
    std::uint32_t wanted_sessions() const { return customers_.wanted(); }
    ThreadTime time() const;
    /// Runs `work` on the thread and waits for it.
    void on_thread(const std::function<void(Customers&, Latencies&)>& work);

    // ---- LinkEvents
    void on_accept(io::LinkId link, io::ListenerId listener, const io::Endpoint& peer) override;
    void on_connect(io::LinkId link, std::error_code error) override;
    std::size_t on_data(io::LinkId link, ByteView data) override;
    void on_drained(io::LinkId link) override;
    void on_close(io::LinkId link, std::error_code error) override;

private:
    Worker(const LoadOptions& options, Ledger& ledger, std::unique_ptr<io::Io> io, std::uint32_t number,
           std::uint32_t threads);
    void run();

    SystemClock clock_;
    LoadCounters counters_;
    Latencies latencies_;
    reactor::Reactor reactor_;
    Parties parties_;
    Workplace work_;
    Customers customers_;
    Providers providers_;
    std::atomic<bool> stopping_{false};
    std::atomic<pid_t> thread_id_{0};
    std::thread thread_;
};

}  // namespace sluice::bench
