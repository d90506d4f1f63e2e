#pragma once

#include <charconv>
#include <expected>
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
/// How many rows of a list are wanted, 1 to 10000: `limit` of the request, 100 without; or what is wrong with it.
inline std::expected<std::size_t, HttpResponse> limit_of(const HttpRequest& request) {
    constexpr std::size_t usual = 100, most = 10'000;
    const std::string_view text = request.parameter("limit");
    if (text.empty()) return usual;
    std::size_t limit = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (error != std::errc{} || end != text.data() + text.size() || limit < 1 || limit > most)
        return std::unexpected(json_error(400, "limit is 1 to " + std::to_string(most)));
    return limit;
}

}  // namespace sluice::app
