#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/time.hpp"
#include "engine/sql/statement.hpp"

namespace sluice::sql {

struct DatabaseConfig {
    std::string name;            ///< ours, for people and metrics
    std::string connection;      ///< as ODBC takes it, see Connection::open
    std::string password;        ///< put behind it as PWD; empty: none
    std::uint32_t connections = 2; ///< 1 to 64, each with a thread
    std::uint32_t queue = 1000;    ///< statements that wait for one; at least 1
    milliseconds timeout{2000};    ///< from asking to the answer
    friend bool operator==(const DatabaseConfig&, const DatabaseConfig&) = default;
};

/// A customer's database: a pool of connections, each on a thread of its own, so that nobody else ever waits for it.
///
/// Every call is answered within `timeout`, whatever the driver does. A thread that is stuck in its driver by then is
/// left alone and another takes its place, at most as many again as there are connections; it ends when the driver lets
/// go of it. While no connection can be made, calls are answered at once with Failure::Kind::away, and
/// connecting is tried again with growing pauses. Thread-safe.
class Database {
public:
    /// Called once, on a thread of the pool; must not throw or block.
    using Done = std::function<void(Outcome<Answer>)>;
    using TransactionDone = std::function<void(Outcome<std::vector<Answer>>)>;
    /// A level ('E', 'W', 'I') and a line for people. Called on threads of the pool.
    using Log = std::function<void(char level, std::string text)>;

    explicit Database(DatabaseConfig config, Log log = {});
    /// Statements that are not answered yet are dropped without their callbacks. Waits a moment for threads that are in
    /// their driver, then leaves them behind.
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    const DatabaseConfig& config() const;

    /// For what changes nothing: when the connection turns out to be broken it is asked again on a new one. False when
    /// too many are waiting; `done` will not be called then. Likewise below.
    [[nodiscard]] bool query(Statement statement, Done done);
    /// For what changes something: sent once. See Answer::affected and Failure::Kind::uncertain.
    [[nodiscard]] bool execute(Statement statement, Done done);
    /// All of them or none, with an answer for each; at least one.
    [[nodiscard]] bool transaction(std::vector<Statement> statements, TransactionDone done);

    struct Stats {
        std::uint64_t answered = 0;    ///< by the database, rightly
        std::uint64_t refused = 0;     ///< by the database
        std::uint64_t away = 0;        ///< answered for it, as it could not be reached or too much was waiting
        std::uint64_t late = 0;        ///< time ran out
        std::uint64_t connects = 0;    ///< connections made
        std::size_t waiting = 0;
        std::size_t running = 0;
        std::size_t connected = 0;     ///< connections at present
        std::size_t stuck = 0;         ///< threads left behind in the driver
    };
    Stats stats() const;

private:
    class State;
    std::shared_ptr<State> state_;
};

}  // namespace sluice::sql
