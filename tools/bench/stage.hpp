#pragma once

#include <memory>
#include <string>

#include "tools/bench/generator.hpp"
#include "tools/bench/run.hpp"

namespace sluice::bench {

/// A gateway with customers and providers around it, and the means to wait for what they do.
class Stage {
public:
    /// All of them outlive this.
    Stage(const RunOptions& options, const tools::Signals& signals, const Progress& progress)
        : options_(options), signals_(signals), progress_(progress) {}

    /// The ledger and the generator's threads, with customers or without, with providers or without.
    Result<void> open(bool providers);
    /// The gateway, pointed at `providers`.
    Result<void> start_gateway(const std::vector<io::Endpoint>& providers, const std::string& folder);
    /// Connects the customers and waits until all of them are bound, and the gateway to its providers if there are any.
    Result<void> bind();

    /// As told: by time, by rate or as the windows allow; begins a moment later.
    Phase phase(double for_seconds) const;
    enum class Until { answered, done };
    /// Sends and waits until all of it was answered, or is over. What has stopped moving counts as over too: the ledger
    /// tells what is missing.
    Result<void> send(const Phase& phase, const std::string& step, Until until);
    /// Waits until `done(totals)`; `share(totals)` is how far it is.
    using Test = std::function<bool(const Generator::Totals&)>;
    using Share = std::function<double(const Generator::Totals&)>;
    Result<void> wait(const std::string& step, const Test& done, const Share& share);
    void pause(nanoseconds duration);

    /// Unbinds everybody and ends the generator and the gateway.
    void close();
    /// Ends the generator's threads alone; its ledger stays.
    void drop_generator() { generator_.reset(); }
    Result<void> new_generator(bool providers);

    Generator& generator() { return *generator_; }
    Ledger& ledger() { return *ledger_; }
    Target& target() { return target_; }
    const std::vector<io::Endpoint>& providers() const { return providers_; }
    /// When everything was answered in the last `send`.
    MonoTime answered_at() const { return answered_at_; }
    std::uint64_t peak_anonymous_bytes() const { return peak_; }
    /// What went wrong with connections once messages were under way.
    const std::vector<std::string>& faults() const { return faults_; }

private:
    Result<void> look(const Generator::Totals& totals);

    const RunOptions& options_;
    const tools::Signals& signals_;
    const Progress& progress_;
    std::unique_ptr<Ledger> ledger_;
    std::unique_ptr<Generator> generator_;
    Target target_;
    std::vector<io::Endpoint> providers_;
    MonoTime answered_at_{};
    std::uint64_t peak_ = 0;
    std::vector<std::string> faults_;
};

double in_seconds(nanoseconds duration);
MonoTime steady_now();
/// The gateway's own count of commits, if its admin port tells.
std::optional<double> commits_of(const Target& target);

}  // namespace sluice::bench
