#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "engine/base/check.hpp"
#include "engine/sql/database.hpp"

namespace sluice::sql {

/// A directory of a test's own with an SQLite database in it.
class SqliteFile {
public:
    SqliteFile() : folder_((std::filesystem::temp_directory_path() / "sluice-sql-XXXXXX").string()) {
        SLUICE_CHECK(::mkdtemp(folder_.data()) != nullptr);
    }
    ~SqliteFile() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    SqliteFile(const SqliteFile&) = delete;
    SqliteFile& operator=(const SqliteFile&) = delete;

    std::string path() const { return folder_ + "/customers.db"; }
    std::string connection() const { return "Driver=SQLite3;Database=" + path(); }

private:
    std::string folder_;
};

/// Asks and waits for the answer.
inline Outcome<Answer> query(Database& database, Statement statement) {
    auto promise = std::make_shared<std::promise<Outcome<Answer>>>();
    auto answer = promise->get_future();
    const bool taken = database.query(std::move(statement),
                                      [promise](Outcome<Answer> outcome) { promise->set_value(std::move(outcome)); });
    SLUICE_CHECK(taken);
    return answer.get();
}

inline Outcome<Answer> execute(Database& database, Statement statement) {
    auto promise = std::make_shared<std::promise<Outcome<Answer>>>();
    auto answer = promise->get_future();
    const bool taken = database.execute(std::move(statement),
                                        [promise](Outcome<Answer> outcome) { promise->set_value(std::move(outcome)); });
    SLUICE_CHECK(taken);
    return answer.get();
}

inline Outcome<std::vector<Answer>> transaction(Database& database, std::vector<Statement> statements) {
    auto promise = std::make_shared<std::promise<Outcome<std::vector<Answer>>>>();
    auto answer = promise->get_future();
    const bool taken = database.transaction(std::move(statements),
                                            [promise](auto outcome) { promise->set_value(std::move(outcome)); });
    SLUICE_CHECK(taken);
    return answer.get();
}

/// For what must come about; the limit only ends a hang.
template <class Condition>
bool eventually(Condition&& condition) {
    for (int i = 0; i < 6000; ++i) {
        if (condition()) return true;
        std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
}

/// Keeps SQLite busy in one call for seconds.
inline Statement endless() {
    return {"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000000) SELECT count(*) FROM n"};
}

/// One connection and a time limit that only ends a hang.
inline std::unique_ptr<Database> database_at(const std::string& connection) {
    DatabaseConfig config;
    config.name = "db";
    config.connection = connection;
    config.connections = 1;
    config.timeout = seconds(60);
    return std::make_unique<Database>(config);
}

}  // namespace sluice::sql
