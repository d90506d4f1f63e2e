#include "engine/sql/connection.hpp"

#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>

#include <algorithm>
#include <array>

#include "codecs/sms/utf16.hpp"
#include "engine/base/limits.hpp"

namespace sluice::sql {
namespace {

static_assert(sizeof(SQLWCHAR) == sizeof(char16_t), "unixODBC is built with another SQLWCHAR than UTF-16");

/// Columns of these lengths and longer are "long" to some drivers.
constexpr std::size_t long_text = 4000;

SQLWCHAR* units(std::u16string& text) { return reinterpret_cast<SQLWCHAR*>(text.data()); }

std::string text_of(const SQLWCHAR* text, std::size_t length) {
    return sms::from_utf16({reinterpret_cast<const char16_t*>(text), length});
}

SQLPOINTER number(std::uintptr_t value) { return reinterpret_cast<SQLPOINTER>(value); }

std::unexpected<Failure> not_utf8(const char* what) {
    return std::unexpected(Failure{Failure::Kind::refused, std::string(what) + " is no UTF-8"});
}

/// Parameters as ODBC wants them: at places that stay until the statement is done.
class Bound {
public:
    explicit Bound(std::size_t count) : texts_(count), numbers_(count), fractions_(count), lengths_(count) {}

    /// False when it is no UTF-8.
    bool bind(SQLHSTMT statement, std::size_t i, const Parameter& parameter) {
        const auto place = static_cast<SQLUSMALLINT>(i + 1);
        if (const auto* whole = std::get_if<std::int64_t>(&parameter)) {
            numbers_[i] = *whole;
            SQLBindParameter(statement, place, SQL_PARAM_INPUT, SQL_C_SBIGINT, SQL_BIGINT, 0, 0, &numbers_[i], 0,
                             nullptr);
            return true;
        }
        if (const auto* fraction = std::get_if<double>(&parameter)) {
            fractions_[i] = *fraction;
            SQLBindParameter(statement, place, SQL_PARAM_INPUT, SQL_C_DOUBLE, SQL_DOUBLE, 0, 0, &fractions_[i], 0,
                             nullptr);
            return true;
        }
        lengths_[i] = SQL_NULL_DATA;
        if (const auto* decimal = std::get_if<Decimal>(&parameter)) {
            texts_[i].assign(decimal->text.begin(), decimal->text.end());
            lengths_[i] = static_cast<SQLLEN>(texts_[i].size() * sizeof(char16_t));
            SQLBindParameter(statement, place, SQL_PARAM_INPUT, SQL_C_WCHAR, SQL_DECIMAL, 18, 6, texts_[i].data(),
                             lengths_[i], &lengths_[i]);
            return true;
        }
        if (const auto* text = std::get_if<std::string>(&parameter)) {
            auto converted = sms::to_utf16(*text);
            if (!converted) return false;
            texts_[i] = std::move(*converted);
            lengths_[i] = static_cast<SQLLEN>(texts_[i].size() * sizeof(char16_t));
        }
        const SQLULEN size = std::max<std::size_t>(texts_[i].size(), 1);
        SQLBindParameter(statement, place, SQL_PARAM_INPUT, SQL_C_WCHAR,
                         size > long_text ? SQL_WLONGVARCHAR : SQL_WVARCHAR, size, 0, texts_[i].data(),
                         std::max<SQLLEN>(lengths_[i], 0), &lengths_[i]);
        return true;
    }

private:
    std::vector<std::u16string> texts_;
    std::vector<SQLBIGINT> numbers_;
    std::vector<SQLDOUBLE> fractions_;
    std::vector<SQLLEN> lengths_;
};

ColumnKind kind_of(SQLSMALLINT type) {
    switch (type) {
        case SQL_TINYINT:
        case SQL_SMALLINT:
        case SQL_INTEGER:
        case SQL_BIGINT: return ColumnKind::whole;
        case SQL_REAL:
        case SQL_FLOAT:
        case SQL_DOUBLE: return ColumnKind::fraction;
        default: return ColumnKind::text;
    }
}

/// A value of the present row, in pieces that grow: some drivers convert all of it for each. False for an error.
bool read_cell(SQLHSTMT statement, SQLUSMALLINT column, std::vector<SQLWCHAR>& piece, Cell& cell) {
    std::u16string all;
    for (;;) {
        SQLLEN left = 0;
        const std::size_t room = piece.size() * sizeof(SQLWCHAR);
        const SQLRETURN got =
            SQLGetData(statement, column, SQL_C_WCHAR, piece.data(), static_cast<SQLLEN>(room), &left);
        if (got == SQL_NO_DATA) break;
        if (!SQL_SUCCEEDED(got)) return false;
        if (left == SQL_NULL_DATA) return true;
        const bool cut = left == SQL_NO_TOTAL || static_cast<std::size_t>(left) > room - sizeof(SQLWCHAR);
        const std::size_t size = cut ? piece.size() - 1 : static_cast<std::size_t>(left) / sizeof(SQLWCHAR);
        all.append(reinterpret_cast<const char16_t*>(piece.data()), size);
        if (!cut || all.size() > limits::sql_octets) break;
        piece.resize(std::min<std::size_t>(4 * piece.size(), 2 * limits::sql_octets));
    }
    cell = sms::from_utf16(all);
    return true;
}

}  // namespace

std::optional<std::size_t> Answer::column(std::string_view name) const {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
    const auto found = std::ranges::find_if(
        columns, [&](const std::string& own) { return std::ranges::equal(own, name, {}, lower, lower); });
    if (found == columns.end()) return std::nullopt;
    return static_cast<std::size_t>(found - columns.begin());
}

Outcome<std::unique_ptr<Connection>> Connection::open(const std::string& text, nanoseconds timeout) {
    std::unique_ptr<Connection> connection(new Connection(timeout));
    if (auto connected = connection->connect(text); !connected) return std::unexpected(connected.error());
    return connection;
}

/// An environment for each connection: the driver manager may hold a lock of an environment while a driver is stuck.
Outcome<void> Connection::connect(const std::string& text) {
    const auto away = [&](short kind, Handle handle) {
        return std::unexpected(Failure{Failure::Kind::away, failure(kind, handle).text});
    };
    auto wide = sms::to_utf16(text);
    if (!wide) return not_utf8("the connection text");
    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &environment_)))
        return std::unexpected(Failure{Failure::Kind::away, "unixODBC gives no environment"});
    SQLSetEnvAttr(environment_, SQL_ATTR_ODBC_VERSION, number(SQL_OV_ODBC3), 0);
    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_DBC, environment_, &connection_)))
        return away(SQL_HANDLE_ENV, environment_);
    const auto whole = std::chrono::ceil<seconds>(timeout_).count();
    SQLSetConnectAttr(connection_, SQL_ATTR_LOGIN_TIMEOUT, number(static_cast<std::uintptr_t>(whole)), 0);
    if (!SQL_SUCCEEDED(SQLDriverConnectW(connection_, nullptr, units(*wide), static_cast<SQLSMALLINT>(wide->size()),
                                         nullptr, 0, nullptr, SQL_DRIVER_NOPROMPT)))
        return away(SQL_HANDLE_DBC, connection_);
    connected_ = true;
    return {};
}

Connection::~Connection() {
    if (connected_) SQLDisconnect(connection_);
    if (connection_ != nullptr) SQLFreeHandle(SQL_HANDLE_DBC, connection_);
    if (environment_ != nullptr) SQLFreeHandle(SQL_HANDLE_ENV, environment_);
}

/// What the driver says about the last call on the handle.
Failure Connection::failure(short kind, Handle handle) {
    std::array<SQLWCHAR, 6> state{};
    std::array<SQLWCHAR, 512> words{};
    SQLINTEGER native = 0;
    SQLSMALLINT length = 0;
    Failure found;
    const SQLRETURN got = SQLGetDiagRecW(kind, handle, 1, state.data(), &native, words.data(),
                                         static_cast<SQLSMALLINT>(words.size()), &length);
    const std::string code = text_of(state.data(), 5);
    found.text = SQL_SUCCEEDED(got)
                     ? text_of(words.data(), std::min<std::size_t>(static_cast<std::size_t>(length), words.size() - 1))
                     : "the driver does not say what is wrong";
    std::ranges::replace_if(found.text, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    SQLUINTEGER dead = SQL_CD_FALSE;
    if (connected_) SQLGetConnectAttr(connection_, SQL_ATTR_CONNECTION_DEAD, &dead, sizeof dead, nullptr);
    // 08: the connection; 57P: the server ends (PostgreSQL).
    if (code.starts_with("08") || code.starts_with("57P") || dead == SQL_CD_TRUE) broken_ = true;
    if (broken_ || code.starts_with("HYT")) found.kind = Failure::Kind::uncertain;
    return found;
}

/// Prepared anew each time: a statement that was kept would not notice that its table has other columns by now.
Outcome<Answer> Connection::run(const Statement& statement) {
    auto text = sms::to_utf16(statement.text);
    if (!text) return not_utf8("the statement");
    SQLHSTMT handle = nullptr;
    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, connection_, &handle)))
        return std::unexpected(failure(SQL_HANDLE_DBC, connection_));
    const std::unique_ptr<void, void (*)(SQLHSTMT)> owner(handle,
                                                          [](SQLHSTMT its) { SQLFreeHandle(SQL_HANDLE_STMT, its); });
    const auto whole = std::chrono::ceil<seconds>(timeout_).count();
    SQLSetStmtAttr(handle, SQL_ATTR_QUERY_TIMEOUT, number(static_cast<std::uintptr_t>(whole)), 0);
    if (!SQL_SUCCEEDED(SQLPrepareW(handle, units(*text), static_cast<SQLINTEGER>(text->size()))))
        return std::unexpected(failure(SQL_HANDLE_STMT, handle));
    Bound bound(statement.parameters.size());
    for (std::size_t i = 0; i < statement.parameters.size(); ++i)
        if (!bound.bind(handle, i, statement.parameters[i])) return not_utf8("a parameter");
    const SQLRETURN done = SQLExecute(handle);
    // Nothing found is success of an UPDATE that met no row.
    if (!SQL_SUCCEEDED(done) && done != SQL_NO_DATA) return std::unexpected(failure(SQL_HANDLE_STMT, handle));
    return fetch(handle);
}

Outcome<Answer> Connection::fetch(Handle statement) {
    Answer answer;
    SQLSMALLINT columns = 0;
    if (!SQL_SUCCEEDED(SQLNumResultCols(statement, &columns)))
        return std::unexpected(failure(SQL_HANDLE_STMT, statement));
    if (columns == 0) {
        SQLLEN affected = 0;
        if (SQL_SUCCEEDED(SQLRowCount(statement, &affected)) && affected > 0)
            answer.affected = static_cast<std::uint64_t>(affected);
        return answer;
    }
    for (SQLSMALLINT i = 1; i <= columns; ++i) {
        std::array<SQLWCHAR, 256> name{};
        SQLSMALLINT length = 0, type = 0, digits = 0, nullable = 0;
        SQLULEN size = 0;
        if (!SQL_SUCCEEDED(SQLDescribeColW(statement, static_cast<SQLUSMALLINT>(i), name.data(),
                                           static_cast<SQLSMALLINT>(name.size()), &length, &type, &size, &digits,
                                           &nullable)))
            return std::unexpected(failure(SQL_HANDLE_STMT, statement));
        answer.columns.push_back(
            text_of(name.data(), std::min<std::size_t>(static_cast<std::size_t>(length), name.size() - 1)));
        answer.kinds.push_back(kind_of(type));
    }
    std::size_t octets = 0;
    std::vector<SQLWCHAR> piece(1024);
    for (;;) {
        const SQLRETURN got = SQLFetch(statement);
        if (got == SQL_NO_DATA) return answer;
        if (!SQL_SUCCEEDED(got)) return std::unexpected(failure(SQL_HANDLE_STMT, statement));
        auto& row = answer.rows.emplace_back(answer.columns.size());
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (!read_cell(statement, static_cast<SQLUSMALLINT>(i + 1), piece, row[i]))
                return std::unexpected(failure(SQL_HANDLE_STMT, statement));
            octets += row[i] ? row[i]->size() : 0;
        }
        if (answer.rows.size() > limits::sql_rows || octets > limits::sql_octets)
            return std::unexpected(Failure{Failure::Kind::refused,
                                           "the statement returns more than " + std::to_string(limits::sql_rows) +
                                               " rows or " + std::to_string(limits::sql_octets) + " octets"});
    }
}

Outcome<void> Connection::set_autocommit(bool on) {
    if (SQL_SUCCEEDED(SQLSetConnectAttr(connection_, SQL_ATTR_AUTOCOMMIT,
                                        number(on ? SQL_AUTOCOMMIT_ON : SQL_AUTOCOMMIT_OFF), SQL_IS_UINTEGER)))
        return {};
    return std::unexpected(failure(SQL_HANDLE_DBC, connection_));
}

Outcome<std::vector<Answer>> Connection::transact(const std::vector<Statement>& statements) {
    if (auto off = set_autocommit(false); !off) return std::unexpected(off.error());
    std::vector<Answer> answers;
    std::optional<Failure> wrong;
    for (std::size_t i = 0; i < statements.size() && !wrong; ++i) {
        auto answer = run(statements[i]);
        if (answer) answers.push_back(std::move(*answer));
        else wrong = std::move(answer.error());
    }
    if (wrong) {
        // Nothing is committed, whatever became of the connection: then the database takes it back by itself.
        if (wrong->kind == Failure::Kind::uncertain) wrong->kind = Failure::Kind::away;
        if (!SQL_SUCCEEDED(SQLEndTran(SQL_HANDLE_DBC, connection_, SQL_ROLLBACK))) broken_ = true;
    } else if (!SQL_SUCCEEDED(SQLEndTran(SQL_HANDLE_DBC, connection_, SQL_COMMIT))) {
        wrong = failure(SQL_HANDLE_DBC, connection_);
        SQLEndTran(SQL_HANDLE_DBC, connection_, SQL_ROLLBACK);
    }
    // A connection that does not go back to where it was is of no use to the next.
    if (!set_autocommit(true)) broken_ = true;
    if (wrong) return std::unexpected(std::move(*wrong));
    return answers;
}

}  // namespace sluice::sql
