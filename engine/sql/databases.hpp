#pragma once

#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sql/database.hpp"

namespace sluice::sql {

/// The databases of a configuration by their names. Whoever has found one may keep it: it stays until all of them end.
/// Thread-safe.
class Databases {
public:
    explicit Databases(Database::Log log = {}) : log_(std::move(log)) {}

    /// Those whose names are not there yet.
    void add(const std::vector<DatabaseConfig>& configs);
    /// Null when there is none of that name.
    Database* find(std::string_view name) const;
    /// In the order of their names.
    std::vector<const Database*> all() const;

private:
    const Database::Log log_;
    mutable std::shared_mutex mutex_;
    std::map<std::string, std::unique_ptr<Database>, std::less<>> databases_;
};

}  // namespace sluice::sql
