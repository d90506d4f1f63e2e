#pragma once

#include <memory>
#include <vector>

#include "tools/bench/worker.hpp"

namespace sluice::bench {

/// All threads of the generator.
class Generator {
public:
    static Result<std::unique_ptr<Generator>> open(const LoadOptions& options, Ledger& ledger, std::uint32_t threads);

    /// Providers, dealt to the threads; `first_port` 0: any ports. Before `start`.
    Result<std::vector<io::Endpoint>> listen(std::uint16_t first_port);
    void start();
    void connect(const io::Endpoint& gateway);
    /// Deals the phase to the threads; latencies begin anew.
    void begin(const Phase& phase);
    void stop_sending();
    void unbind();

    /// The first thing that went wrong with a connection; empty when nothing did.
    std::string trouble();
    std::map<smpp::CommandStatus, std::uint64_t> refusals();
    std::uint64_t early_receipts();
    void add_latencies(Latencies& to);

    struct Totals {
        std::int64_t sessions = 0, binds = 0, sending = 0;
        std::uint64_t sent = 0, accepted = 0, refused = 0, unanswered = 0, receipted = 0, delivered = 0;
        std::uint64_t receipts_duplicated = 0, receipts_unknown = 0, receipts_refused = 0;
        std::uint64_t duplicated = 0, strangers = 0, out_of_order = 0;
        MonoTime last_event{};

        std::uint64_t answered() const { return accepted + refused + unanswered; }
        /// Everything that was accepted has arrived, and come home where that is asked for.
        bool all_done(bool receipts) const {
            return sending == 0 && answered() == sent && delivered >= accepted && (!receipts || receipted >= accepted);
        }
        /// Changes whenever anything happens.
        std::uint64_t activity() const { return sent + answered() + delivered + receipted + receipts_refused; }
    };
    Totals totals() const;
    std::vector<ThreadTime> times() const;

private:
    explicit Generator(const LoadOptions& options) : options_(options) {}

    const LoadOptions& options_;
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace sluice::bench
