#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/io/io.hpp"

/// HTTP for the admin port: one thread, small requests, loopback only.
namespace sluice::app {

struct HttpRequest {
    std::string method;  ///< GET (HEAD comes as GET), POST, PUT
    std::string path;    ///< percent-decoded, without the query
    std::map<std::string, std::string, std::less<>> query;
    std::string body;

    std::string_view parameter(std::string_view name) const {
        const auto found = query.find(name);
        return found != query.end() ? std::string_view(found->second) : std::string_view();
    }
};

struct HttpResponse {
    unsigned status = 200;
    std::string body;
    std::string content_type = "application/json";
};

/// Refuses by itself, before the handler sees anything: bodies above `max_body`, and what a web page that the operator
/// happens to look at could send to this machine (a Host that is not a loopback name, an Origin that is not ours).
class HttpServer {
public:
    using Handler = std::function<HttpResponse(const HttpRequest&)>;
    static constexpr std::size_t max_body = 64 * 1024;

    /// `handler` is called on the server's thread, one request at a time.
    static Result<std::unique_ptr<HttpServer>> start(const io::Endpoint& endpoint, Handler handler);
    /// Finishes the request under way.
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    io::Endpoint listening() const;

private:
    struct State;
    explicit HttpServer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace sluice::app
