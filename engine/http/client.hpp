#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/time.hpp"

/// Requests to other people's web services.
namespace sluice::http {

struct ClientConfig {
    std::uint32_t connections = 16;     ///< requests at once; 1 to 1000
    std::uint32_t queue = 1000;         ///< requests that wait for their turn; at least 1
    std::size_t max_body = 64 * 1024;   ///< octets of an answer; a larger one is an error
    std::filesystem::path ca_file;      ///< PEM; empty: the authorities that the system trusts
    friend bool operator==(const ClientConfig&, const ClientConfig&) = default;
};

struct Request {
    std::string method;                 ///< "GET" or "POST"
    std::string url;                    ///< http or https
    std::string body;                   ///< of a POST
    /// Without line ends; an empty value leaves the header out.
    std::vector<std::pair<std::string, std::string>> headers;
    milliseconds timeout{5000};         ///< from asking to the whole answer
};

struct Response {
    int status = 0;
    std::string body;
};

/// Why there is no answer, for people.
using Outcome = std::expected<Response, std::string>;

/// A client on one thread of its own, with connections that are kept. Redirects are answers like any other: nothing is
/// asked of a place that was not named. Certificates are verified.
/// Proxies of the environment are not used. Thread-safe.
class Client {
public:
    /// Called once, on the client's thread; must not throw or block.
    using Done = std::function<void(Outcome)>;

    explicit Client(ClientConfig config);
    /// Requests that are not answered yet are dropped without their callbacks.
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// Every request is answered within its timeout, whatever servers and name servers do. False when too many are
    /// waiting; `done` will not be called then.
    [[nodiscard]] bool ask(Request request, Done done);

    struct Stats {
        std::uint64_t answered = 0;  ///< with whatever status
        std::uint64_t failed = 0;    ///< no connection, or no answer of HTTP
        std::uint64_t late = 0;      ///< time ran out
        std::uint64_t refused = 0;   ///< too many were waiting
        std::size_t waiting = 0;     ///< for their turn
        std::size_t running = 0;     ///< also those that were given up while their name is still looked up
    };
    Stats stats() const;

private:
    class Worker;
    std::unique_ptr<Worker> worker_;
};

}  // namespace sluice::http
