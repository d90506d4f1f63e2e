#include "engine/admin/settings_sections.hpp"

namespace sluice::admin {

void read_database(TableReader& reader, sql::DatabaseConfig& database) {
    reader.text("name", database.name, 1, 64);
    reader.require("name");
    if (reader.text("connection", database.connection, 1, 1000) && database.connection.find('=') == std::string::npos)
        reader.error("connection", "is not a connection text of ODBC, as \"DSN=customers\" or "
                                   "\"Driver=PostgreSQL Unicode;Server=db.example.net;Database=customers\"");
    reader.require("connection");
    read_clear_password(reader, database.password);
    reader.number("connections", database.connections, 1, 64);
    reader.number("queue", database.queue, 1, 100'000);
    reader.duration("timeout", database.timeout, milliseconds(10), std::chrono::minutes(5));
}

}  // namespace sluice::admin
