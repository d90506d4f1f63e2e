#include "engine/sql/databases.hpp"

#include <mutex>

namespace sluice::sql {

void Databases::add(const std::vector<DatabaseConfig>& configs) {
    const std::lock_guard lock(mutex_);
    for (const DatabaseConfig& config : configs)
        if (!databases_.contains(config.name))
            databases_.emplace(config.name, std::make_unique<Database>(config, log_));
}

Database* Databases::find(std::string_view name) const {
    const std::shared_lock lock(mutex_);
    const auto found = databases_.find(name);
    return found != databases_.end() ? found->second.get() : nullptr;
}

std::vector<const Database*> Databases::all() const {
    const std::shared_lock lock(mutex_);
    std::vector<const Database*> all;
    for (const auto& [name, database] : databases_) all.push_back(database.get());
    return all;
}

}  // namespace sluice::sql
