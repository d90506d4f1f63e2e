#include "engine/app/admin_server.hpp"

#include "engine/app/admin_api.hpp"
#include "engine/app/admin_http.hpp"

namespace sluice::app {

class AdminServer::State {
public:
    State(Gateway& gateway, admin::Logger& logger, Options options) : api(gateway, logger, std::move(options)) {}

    AdminApi api;
    std::unique_ptr<HttpServer> http;  ///< after the API that it calls
};

AdminServer::AdminServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
AdminServer::~AdminServer() = default;

Result<std::unique_ptr<AdminServer>> AdminServer::start(Gateway& gateway, admin::Logger& logger, Options options) {
    auto addresses = admin::resolve(options.endpoint);
    if (!addresses) return fail("admin.endpoint: " + addresses.error().message);
    auto state = std::make_unique<State>(gateway, logger, std::move(options));
    auto http = HttpServer::start(addresses->front(),
                                  [api = &state->api](const HttpRequest& request) { return api->handle(request); });
    if (!http) return fail("admin.endpoint: " + http.error().message);
    state->http = std::move(*http);
    return std::unique_ptr<AdminServer>(new AdminServer(std::move(state)));
}

io::Endpoint AdminServer::listening() const { return state_->http->listening(); }

}  // namespace sluice::app
