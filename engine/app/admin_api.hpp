#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/admin/log.hpp"
#include "engine/app/admin_http.hpp"
#include "engine/app/admin_server.hpp"
#include "engine/app/gateway.hpp"

namespace sluice::app {

/// What the admin port serves. One thread.
class AdminApi {
public:
    /// Both outlive the API.
    AdminApi(Gateway& gateway, admin::Logger& logger, AdminServer::Options options);

    HttpResponse handle(const HttpRequest& request);

private:
    struct Health {
        std::vector<std::string> troubles;  ///< none: it takes and delivers messages
        bool draining = false;
    };
    Health health();

    // admin_api.cpp
    HttpResponse healthz();
    HttpResponse status();
    // admin_api_lists.cpp
    HttpResponse sessions(const HttpRequest& request);
    HttpResponse providers(const HttpRequest& request);
    HttpResponse accounts(const HttpRequest& request);
    HttpResponse queues(const HttpRequest& request);
    // admin_api_triggers.cpp
    HttpResponse triggers();
    // admin_api_receipts.cpp
    HttpResponse receipts(const HttpRequest& request);
    // admin_api_charging.cpp
    HttpResponse top_up(std::string_view system_id, const HttpRequest& request);
    // admin_api_refunds.cpp
    HttpResponse refunds(const HttpRequest& request);
    HttpResponse write_off(std::string_view system_id);
    // admin_api_home.cpp
    HttpResponse unowned(const HttpRequest& request);
    HttpResponse explain_home(const HttpRequest& request);
    // admin_api_message.cpp
    HttpResponse message(std::string_view id);
    // admin_api_messages.cpp
    HttpResponse messages(const HttpRequest& request);
    // admin_api_metrics.cpp
    HttpResponse metrics();
    // admin_api_control.cpp
    HttpResponse explain_route(const HttpRequest& request);
    HttpResponse reload();
    HttpResponse drain();
    HttpResponse set_log_level(const HttpRequest& request);
    HttpResponse kick(std::string_view session);
    HttpResponse kick_all(const HttpRequest& request);

    Gateway& gateway_;
    admin::Logger& logger_;
    admin::Logger::Line log_;
    AdminServer::Options options_;
    SystemClock clock_;
    const WallTime started_at_;
    const MonoTime started_;
};

}  // namespace sluice::app
