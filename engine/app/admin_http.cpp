#include "engine/app/admin_http.hpp"

#include <microhttpd.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>
#include <exception>

namespace sluice::app {

namespace {

constexpr unsigned max_connections = 64;
constexpr unsigned idle_seconds = 30;
constexpr std::size_t memory_per_connection = 32 * 1024;  // the request line and headers

struct Pending {
    HttpRequest request;
    bool too_large = false;
};

sockaddr_storage socket_address(const io::Endpoint& endpoint) {
    sockaddr_storage storage{};
    if (endpoint.ipv6) {
        auto& address = reinterpret_cast<sockaddr_in6&>(storage);
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(endpoint.port);
        std::memcpy(&address.sin6_addr, endpoint.address, 16);
    } else {
        auto& address = reinterpret_cast<sockaddr_in&>(storage);
        address.sin_family = AF_INET;
        address.sin_port = htons(endpoint.port);
        std::memcpy(&address.sin_addr, endpoint.address, 4);
    }
    return storage;
}

std::string_view header(MHD_Connection* connection, const char* name) {
    const char* const value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return value != nullptr ? value : std::string_view();
}

bool is_loopback_name(std::string_view host) {
    if (const auto port = host.rfind(':'); port != host.npos && host.find(']', port) == host.npos)
        host = host.substr(0, port);
    if (host == "localhost") return true;
    const auto endpoint = io::Endpoint::parse(std::string(host) + ":1");
    return endpoint && endpoint->is_loopback();
}

/// Browsers tell where a request comes from; programs have no reason to.
bool is_from_a_foreign_page(MHD_Connection* connection) {
    const std::string_view host = header(connection, MHD_HTTP_HEADER_HOST);
    if (!host.empty() && !is_loopback_name(host)) return true;
    const std::string_view origin = header(connection, MHD_HTTP_HEADER_ORIGIN);
    return !origin.empty() && origin != "http://" + std::string(host);
}

HttpResponse refusal(unsigned status, std::string_view why) {
    return {status, "{\"error\":\"" + std::string(why) + "\"}\n"};
}

MHD_Result reply(MHD_Connection* connection, const HttpResponse& response) {
    MHD_Response* const out = MHD_create_response_from_buffer(
        response.body.size(), const_cast<char*>(response.body.data()), MHD_RESPMEM_MUST_COPY);
    if (out == nullptr) return MHD_NO;
    MHD_add_response_header(out, MHD_HTTP_HEADER_CONTENT_TYPE, response.content_type.c_str());
    MHD_add_response_header(out, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    const MHD_Result result = MHD_queue_response(connection, response.status, out);
    MHD_destroy_response(out);
    return result;
}

MHD_Result keep_parameter(void* to, MHD_ValueKind, const char* key, const char* value) {
    static_cast<HttpRequest*>(to)->query[key] = value != nullptr ? value : "";
    return MHD_YES;
}

}  // namespace

struct HttpServer::State {
    Handler handler;
    io::Endpoint endpoint;
    MHD_Daemon* daemon = nullptr;

    ~State() {
        if (daemon != nullptr) MHD_stop_daemon(daemon);
    }

    HttpResponse answer(MHD_Connection* connection, Pending& pending) const {
        if (is_from_a_foreign_page(connection)) return refusal(403, "requests from web pages are not taken");
        if (pending.too_large) return refusal(413, "the request is too large");
        MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, keep_parameter, &pending.request);
        try {
            return handler(pending.request);
        } catch (const std::exception&) {  // must not unwind into the library, nor end the gateway
            return refusal(500, "this request could not be handled");
        }
    }

    /// Called for each piece of a request: first its head, then its body, at last with nothing more.
    static MHD_Result on_request(void* self, MHD_Connection* connection, const char* path, const char* method,
                                 const char*, const char* data, size_t* size, void** context) {
        auto* pending = static_cast<Pending*>(*context);
        if (pending == nullptr) {
            pending = new Pending;
            *context = pending;
            pending->request.path = path;
            pending->request.method = std::strcmp(method, "HEAD") == 0 ? "GET" : method;
            return MHD_YES;
        }
        if (*size > 0) {
            std::string& body = pending->request.body;
            if (body.size() + *size > max_body) pending->too_large = true;
            else body.append(data, *size);
            *size = 0;
            return MHD_YES;
        }
        return reply(connection, static_cast<const State*>(self)->answer(connection, *pending));
    }

    static void on_completed(void*, MHD_Connection*, void** context, MHD_RequestTerminationCode) {
        delete static_cast<Pending*>(*context);
        *context = nullptr;
    }
};

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::start(const io::Endpoint& endpoint, Handler handler) {
    if (!endpoint.is_loopback())
        return fail(endpoint.to_string() + ": not a loopback address; this port asks nobody who they are, so it "
                                           "listens on 127.0.0.1 or ::1 alone");
    auto state = std::make_unique<State>();
    state->handler = std::move(handler);
    state->endpoint = endpoint;
    const sockaddr_storage address = socket_address(endpoint);
    unsigned flags = MHD_USE_AUTO_INTERNAL_THREAD;
    if (endpoint.ipv6) flags |= MHD_USE_IPv6;
    errno = 0;
    state->daemon = MHD_start_daemon(
        flags, endpoint.port, nullptr, nullptr, &State::on_request, state.get(),               //
        MHD_OPTION_SOCK_ADDR, &address,                                                        //
        MHD_OPTION_NOTIFY_COMPLETED, &State::on_completed, nullptr,                            //
        MHD_OPTION_CONNECTION_LIMIT, max_connections,                                          //
        MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds,                                           //
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory_per_connection,                             //
        MHD_OPTION_END);
    if (state->daemon == nullptr) {
        const int error = errno;
        return fail(endpoint.to_string() + ": " + (error != 0 ? std::strerror(error) : "cannot listen"));
    }
    if (endpoint.port == 0)
        state->endpoint.port = MHD_get_daemon_info(state->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

io::Endpoint HttpServer::listening() const { return state_->endpoint; }

}  // namespace sluice::app
