#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/time.hpp"
#include "engine/script/value.hpp"

namespace sluice::script {

/// Something that a script asks of the outside, and waits for.
struct LookUp {
    enum class Kind : std::uint8_t {
        sql_query,    ///< rows
        sql_execute,  ///< how many rows it changed
        http,
    };
    Kind kind = Kind::sql_query;
    std::string database;             ///< its name in the configuration
    std::string text;                 ///< the statement, or the URL
    std::vector<Value> parameters;    ///< of a statement
    std::string method;               ///< of a request
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
    milliseconds timeout{5000};       ///< of a request
};

struct LookUpResult {
    std::string error;                ///< not empty: it failed
    // of sql
    std::vector<std::string> columns;
    std::vector<std::vector<Value>> rows;
    std::int64_t changed = 0;
    // of http
    int status = 0;
    std::string body;
};

/// Who answers: the gateway's pools and worker threads, or what `sluice trigger test` has.
class LookUps {
public:
    virtual ~LookUps() = default;
    using Done = std::function<void(LookUpResult)>;
    /// Calls `done` once, from any thread, at the latest when the time is over. False, and `done` is never called, when
    /// too many are waiting.
    virtual bool start(const LookUp& wanted, Done done) = 0;
    /// How long that may take.
    virtual milliseconds time_limit(const LookUp& wanted) const { return wanted.timeout; }
};

/// Bounds of what a look-up brings into a VM.
inline constexpr std::size_t max_rows = 100;
inline constexpr std::size_t max_row_octets = 256 * 1024;  ///< all rows together
inline constexpr std::size_t max_body = 64 * 1024;
/// What it takes out of it: parameters together, the body and the headers of a request.
inline constexpr std::size_t max_asked_octets = 128 * 1024;

}  // namespace sluice::script
