#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/admin/log.hpp"
#include "engine/admin/settings.hpp"
#include "engine/app/gateway.hpp"
#include "engine/base/result.hpp"
#include "engine/io/io.hpp"

namespace sluice::app {

/// The admin port of a running gateway: metrics, health, and the API behind `sluice ctl`. docs/operations.md describes
/// what it serves. One thread of its own; it asks the shards by posting, and waits for each only so long.
class AdminServer {
public:
    struct Options {
        /// Must be a loopback address: nobody is asked who they are. Port 0 asks the kernel for one.
        routing::HostPort endpoint;
        std::string version;
        /// Reads the settings again and applies them; empty: there is nothing to read again. Called on the server's
        /// thread.
        std::function<Result<admin::SettingsDiff>()> reload;
    };

    /// `gateway` and `logger` outlive the server: destroy it before `Gateway::stop`.
    static Result<std::unique_ptr<AdminServer>> start(Gateway& gateway, admin::Logger& logger, Options options);
    /// Finishes the request under way and ends the thread.
    ~AdminServer();
    AdminServer(const AdminServer&) = delete;
    AdminServer& operator=(const AdminServer&) = delete;

    io::Endpoint listening() const;

private:
    class State;
    explicit AdminServer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace sluice::app
