#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/time.hpp"
#include "engine/sql/statement.hpp"

namespace sluice::sql {

/// One connection to a database through unixODBC. Everything blocks, and some drivers' time limits do not hold: only
/// for threads that may be lost. One thread at a time.
class Connection {
public:
    /// `text` as ODBC takes it: "DSN=customers", or "Driver=PostgreSQL Unicode;Server=...;Database=...". The driver is
    /// asked to keep every statement to `timeout`, in whole seconds.
    static Outcome<std::unique_ptr<Connection>> open(const std::string& text, nanoseconds timeout);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    Outcome<Answer> run(const Statement& statement);
    /// All of them or none.
    Outcome<std::vector<Answer>> transact(const std::vector<Statement>& statements);
    /// Nothing more can come of it.
    bool broken() const { return broken_; }

private:
    using Handle = void*;  // SQLHENV, SQLHDBC and SQLHSTMT of <sql.h>, whose macros stay out of here

    explicit Connection(nanoseconds timeout) : timeout_(timeout) {}
    Outcome<void> connect(const std::string& text);
    Outcome<Answer> fetch(Handle statement);
    Failure failure(short kind, Handle handle);
    Outcome<void> set_autocommit(bool on);

    nanoseconds timeout_;
    Handle environment_ = nullptr;
    Handle connection_ = nullptr;
    bool connected_ = false;
    bool broken_ = false;
};

}  // namespace sluice::sql
