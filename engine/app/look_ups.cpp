#include "engine/app/look_ups.hpp"

#include <charconv>

namespace sluice::app {
namespace {

using script::LookUp;
using script::LookUpResult;
using script::ValueView;

sql::Parameter parameter_of(const script::Value& value) {
    switch (value.kind) {
        case ValueView::Kind::boolean:
        case ValueView::Kind::integer: return value.integer;
        case ValueView::Kind::number: return value.number;
        case ValueView::Kind::text: return value.text;
        case ValueView::Kind::nil: break;
    }
    return nullptr;
}

/// What is no number in spite of its column's kind (SQLite keeps what it is given) stays text.
template <class Number>
std::optional<Number> parse(const std::string& text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

script::Value value_of(sql::Cell&& cell, sql::ColumnKind kind) {
    script::Value value;
    if (!cell) return value;
    if (const auto whole = kind == sql::ColumnKind::whole ? parse<std::int64_t>(*cell) : std::nullopt) {
        value.kind = ValueView::Kind::integer;
        value.integer = *whole;
    } else if (const auto fraction = kind == sql::ColumnKind::fraction ? parse<double>(*cell) : std::nullopt) {
        value.kind = ValueView::Kind::number;
        value.number = *fraction;
    } else {
        value.kind = ValueView::Kind::text;
        value.text = std::move(*cell);
    }
    return value;
}

LookUpResult result_of(sql::Outcome<sql::Answer>&& outcome) {
    LookUpResult result;
    if (!outcome) {
        result.error = outcome.error().text;
        if (outcome.error().kind == sql::Failure::Kind::uncertain)
            result.error += " (it may have been done all the same)";
        return result;
    }
    sql::Answer& answer = *outcome;
    result.changed = static_cast<std::int64_t>(answer.affected);
    std::size_t octets = 0;
    for (const std::string& column : answer.columns) octets += answer.rows.size() * column.size();
    for (const auto& row : answer.rows)
        for (const sql::Cell& cell : row) octets += sizeof(script::Value) + (cell ? cell->size() : 0);
    if (answer.rows.size() > script::max_rows || octets > script::max_row_octets) {
        result.error = "the statement returns more than " + std::to_string(script::max_rows) + " rows or " +
                       std::to_string(script::max_row_octets) + " octets";
        return result;
    }
    result.columns = std::move(answer.columns);
    for (auto& row : answer.rows) {
        auto& values = result.rows.emplace_back();
        for (std::size_t i = 0; i < row.size(); ++i) values.push_back(value_of(std::move(row[i]), answer.kinds[i]));
    }
    return result;
}

http::Request request_of(const LookUp& wanted) {
    http::Request request;
    request.method = wanted.method;
    request.url = wanted.text;
    request.body = wanted.body;
    request.headers = wanted.headers;
    request.timeout = wanted.timeout;
    return request;
}

LookUpResult result_of(http::Outcome&& outcome) {
    LookUpResult result;
    if (outcome) {
        result.status = outcome->status;
        result.body = std::move(outcome->body);
    } else {
        result.error = std::move(outcome.error());
    }
    return result;
}

}  // namespace

LookUps::LookUps(const sql::Databases& databases, http::ClientConfig config)
    : databases_(databases), http_([&] {
          config.max_body = script::max_body;
          return std::move(config);
      }()) {}

bool LookUps::start(const LookUp& wanted, Done done) {
    if (wanted.kind == LookUp::Kind::http) {
        return http_.ask(request_of(wanted),
                         [done = std::move(done)](http::Outcome outcome) { done(result_of(std::move(outcome))); });
    }
    sql::Database* const database = databases_.find(wanted.database);
    if (database == nullptr) {
        LookUpResult result;
        result.error = "there is no database '" + wanted.database + "' in the configuration";
        done(std::move(result));
        return true;
    }
    sql::Statement statement{wanted.text};
    for (const script::Value& value : wanted.parameters) statement.parameters.push_back(parameter_of(value));
    auto answered = [done = std::move(done)](sql::Outcome<sql::Answer> outcome) {
        done(result_of(std::move(outcome)));
    };
    return wanted.kind == LookUp::Kind::sql_query ? database->query(std::move(statement), std::move(answered))
                                                  : database->execute(std::move(statement), std::move(answered));
}

milliseconds LookUps::time_limit(const LookUp& wanted) const {
    if (wanted.kind == LookUp::Kind::http) return wanted.timeout;
    const sql::Database* const database = databases_.find(wanted.database);
    return database != nullptr ? database->config().timeout : milliseconds(0);
}

}  // namespace sluice::app
