#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/accounts/statement_text.hpp"
#include "engine/base/time.hpp"
#include "engine/routing/snapshot.hpp"
#include "engine/sql/database.hpp"

namespace sluice::accounts {

/// What SourceConfig::owner may ask for: a number as +31699887766 or
/// 31699887766, the first word of the text ("" for none).
inline const std::vector<std::string_view> owner_names{"number", "digits", "keyword"};

/// Accounts that live in a database.
struct SourceConfig {
    std::string name;  ///< what routes call its accounts; the account of this name in the snapshot has their defaults
    std::string database;  ///< the name of one
    StatementText find;    ///< for {system_id}; what it returns: see account_of_row
    StatementText owner;   ///< by owner_names: the system_ids of whom a message is, see NumberOwners; empty: rows say
    StatementText charge;  ///< takes {credits} of {system_id}; meeting no row it has taken none; empty: none are there
    StatementText give_back;  ///< the opposite; empty: nothing is given back
    std::string scheme;    ///< of a PasswordHash that does not say it itself
    seconds cache{300};         ///< how long what was found holds
    seconds cache_unknown{30};  ///< likewise that nothing was
    /// While the database is away: accounts found before go on, however long ago that was.
    bool known_from_cache = true;
    bool unknown_wait = false;     ///< likewise: binds of others wait, for as long as a session may take to bind
    std::uint32_t max_accounts = 100'000;
    friend bool operator==(const SourceConfig&, const SourceConfig&) = default;
};

/// Finds accounts that the configuration does not have, and remembers them. Thread-safe; waits for nothing.
///
/// A found account has the id of its source's account in the snapshot: to the route table and to text conversion they
/// are one, so that finding one changes neither. All else is its own.
class Directory {
public:
    struct Found {
        enum class Kind : std::uint8_t {
            account,
            nobody,     ///< there is none of that name
            away,       ///< nobody can say: the bind is to be refused
            away_wait,  ///< nobody can say: ask again in a moment
        };
        Kind kind = Kind::nobody;
        std::shared_ptr<const routing::Account> account;
        /// The snapshot that `account` goes with; with another its id means nothing.
        const routing::Snapshot* snapshot = nullptr;
    };
    /// Called once: inside `find` when it is remembered, else on a thread of the database. Must not block or throw.
    using Done = std::function<void(Found)>;
    /// An account was found for the first time, or found changed. Called before the one who asked is told; must only
    /// hand over.
    using Announce = std::function<void(const Found&)>;
    using FindDatabase = std::function<sql::Database*(const std::string& name)>;

    Directory(FindDatabase databases, Announce announce, sql::Database::Log log, const Clock& clock);
    ~Directory();
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    /// What is remembered stays, with the new defaults; accounts of sources that are gone go.
    void configure(std::vector<SourceConfig> sources, std::shared_ptr<const routing::Snapshot> snapshot);

    void find(std::string_view system_id, Done done);

    /// All that are remembered, as they go with the snapshot of the last `configure`.
    std::vector<Found> all() const;
    /// One of them, by its name; null when it is not remembered.
    std::shared_ptr<const routing::Account> remembered(std::string_view system_id) const;

    struct Stats {
        std::uint64_t cached = 0;   ///< look-ups answered from what is remembered
        std::uint64_t asked = 0;    ///< of the database
        std::uint64_t nobody = 0;   ///< it knows no such account
        std::uint64_t away = 0;     ///< it could not be asked
        std::uint64_t wrong = 0;    ///< rows that make no account, and statements that it refused
        std::size_t accounts = 0;   ///< remembered
    };
    Stats stats() const;

private:
    class State;
    std::shared_ptr<State> state_;
};

}  // namespace sluice::accounts
