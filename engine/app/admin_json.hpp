#pragma once

#include <nlohmann/json.hpp>

#include "engine/app/admin_http.hpp"

/// For admin_api*.cpp alone.
namespace sluice::app {

/// Keeps the order in which fields are written, which is the order people read them in.
using Json = nlohmann::ordered_json;

inline HttpResponse json_reply(const Json& body, unsigned status = 200) {
    // Peers choose names and ids: what is no UTF-8 is replaced.
    return {status, body.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"};
}
inline HttpResponse json_error(unsigned status, std::string_view what) {
    return json_reply(Json{{"error", what}}, status);
}
inline HttpResponse no_answer(std::size_t shard) {
    return json_error(503, "shard " + std::to_string(shard) + " did not answer in time");
}

}  // namespace sluice::app
