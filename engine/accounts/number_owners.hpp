#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/accounts/directory.hpp"

namespace sluice::accounts {

/// Whose messages to numbers are, as databases say it (SourceConfig::owner), remembered for as long as accounts are.
/// Thread-safe; waits for nothing.
class NumberOwners {
public:
    struct Answer {
        bool away = false;                ///< nobody can say
        std::vector<std::string> owners;  ///< system_ids, at most routing::max_home_owners; empty: nobody's
    };
    /// A message, as far as databases are asked about it.
    struct Question {
        std::string digits;   ///< the number in international form
        std::string keyword;  ///< routing::keyword_of its text; empty: there is none
    };
    /// Called once: inside `find` when it is remembered or nobody can be asked, else on a
    /// thread of a database. Must not block or throw.
    using Done = std::function<void(const Answer&)>;

    NumberOwners(Directory::FindDatabase databases, sql::Database::Log log, const Clock& clock);
    ~NumberOwners();
    NumberOwners(const NumberOwners&) = delete;
    NumberOwners& operator=(const NumberOwners&) = delete;

    /// Forgets everything.
    void configure(const std::vector<SourceConfig>& sources);
    /// Some source can be asked.
    bool on() const;
    /// The answer of some source depends on the keyword.
    bool wants_keyword() const;
    /// Nothing: it must be asked for.
    std::optional<Answer> remembered(const Question& question) const;
    void find(const Question& question, Done done);

    struct Stats {
        std::uint64_t asked = 0;   ///< of databases
        std::uint64_t nobody = 0;  ///< what none of them knows
        std::uint64_t away = 0;    ///< it could not be asked
        std::size_t remembered = 0;
    };
    Stats stats() const;

private:
    class State;
    std::shared_ptr<State> state_;
};

}  // namespace sluice::accounts
