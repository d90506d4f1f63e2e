#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/io/io.hpp"
#include "tools/bench/child.hpp"
#include "tools/bench/load.hpp"

namespace sluice::bench {

/// So many binds to a provider that its window of deliver_sm (1000 a bind) does not decide how fast receipts come, for
/// a gateway of up to `shards`, each of which has two at least. With four, a gateway of two shards that answers after
/// 16 ms is given 250 000 a second at most, and what it owes grows as long as the run lasts.
constexpr std::uint32_t ample_provider_binds(std::uint32_t shards) { return std::max(16u, 2 * shards); }

/// Which gateway is measured.
struct TargetOptions {
    // its own, as a child process
    std::uint32_t shards = 1;
    std::string io = "auto";
    std::uint32_t provider_binds = 4;
    std::string extra_settings;  ///< more lines of its configuration
    std::string directory;       ///< under which every run has a folder of its own

    std::string command;  ///< a foreign one, started like this; empty: none
    std::optional<io::Endpoint> endpoint;  ///< one that runs already
    std::vector<pid_t> processes;          ///< of that, if they may be looked at
    std::string admin;                     ///< of that, "HOST:PORT", if it has an admin port
};

/// A gateway to be measured.
struct Target {
    io::Endpoint endpoint;          ///< for customers
    std::vector<pid_t> processes;   ///< whose use of the machine is its
    std::string admin;              ///< "HOST:PORT", or empty
    std::uint32_t expected_binds = 1;
    std::unique_ptr<Child> child;   ///< if it was started here

    /// SIGTERM and a wait, if it was started here.
    void stop();
};

/// A folder that goes with its owner.
class Folder {
public:
    /// A new one under `parent`.
    static Result<Folder> create(const std::string& parent);
    Folder(Folder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    Folder& operator=(Folder&&) = delete;
    ~Folder();
    const std::string& path() const { return path_; }

private:
    explicit Folder(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

/// A port that nobody listens on, for what cannot be told to choose one itself.
Result<std::uint16_t> free_port();

/// Starts the gateway, or takes the one that runs. `providers` are where it is to connect to; it keeps its files in
/// `folder`, and finds there again what it left in an earlier start.
Result<Target> start_target(const TargetOptions& options, const LoadOptions& load,
                            const std::vector<io::Endpoint>& providers, const std::string& folder);

}  // namespace sluice::bench
