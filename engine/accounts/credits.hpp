#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/accounts/directory.hpp"
#include "engine/base/money.hpp"

namespace sluice::accounts {

/// Credits that are in a database of the customer's
/// (SourceConfig::charge and give_back). Thread-safe; waits for nothing.
class Credits {
public:
    enum class Outcome : std::uint8_t {
        moved,
        too_few,    ///< the statement met no row: nothing was taken
        away,       ///< nothing was done
        uncertain,  ///< the database has not said whether it was done
    };
    /// Called once: inside the call when nothing can be asked, else on a
    /// thread of the database. Must not block or throw.
    using Done = std::function<void(Outcome)>;

    Credits(Directory::FindDatabase databases, sql::Database::Log log);
    ~Credits();
    Credits(const Credits&) = delete;
    Credits& operator=(const Credits&) = delete;

    void configure(const std::vector<SourceConfig>& sources);

    /// Takes `amount`, or gives it back where it is below zero.
    void move(const std::string& source, const std::string& system_id, Money amount, Done done);

private:
    class State;
    std::shared_ptr<State> state_;
};

}  // namespace sluice::accounts
