#include "engine/accounts/credits.hpp"

#include <algorithm>
#include <mutex>

namespace sluice::accounts {
namespace {

/// A whole number where it is one: columns of whole numbers take nothing else.
sql::Parameter parameter_of(Money amount) {
    if (amount.micros % Money::unit == 0) return amount.micros / Money::unit;
    return sql::Decimal{to_string(amount)};
}

}  // namespace

class Credits::State : public std::enable_shared_from_this<State> {
public:
    State(Directory::FindDatabase databases, sql::Database::Log log)
        : databases_(std::move(databases)), log_(std::move(log)) {}

    void configure(const std::vector<SourceConfig>& sources) {
        const std::lock_guard lock(mutex_);
        sources_ = sources;
    }

    void move(const std::string& name, const std::string& system_id, Money amount, Done done) {
        const bool back = amount < Money{};
        sql::Database* database = nullptr;
        sql::Statement statement;
        {
            const std::lock_guard lock(mutex_);
            const auto source = std::ranges::find(sources_, name, &SourceConfig::name);
            if (source != sources_.end()) {
                const StatementText& text = back ? source->give_back : source->charge;
                if (!text.empty()) statement = text.with({parameter_of(back ? Money{} - amount : amount), system_id});
                database = databases_(source->database);
            }
        }
        if (database == nullptr || statement.text.empty()) return done(Outcome::away);
        const auto answered = [self = shared_from_this(), name, system_id, amount, done](
                                  const sql::Outcome<sql::Answer>& outcome) {
            done(self->outcome_of(outcome, name, system_id, amount));
        };
        if (!database->execute(std::move(statement), answered)) done(Outcome::away);
    }

private:
    Outcome outcome_of(const sql::Outcome<sql::Answer>& outcome, const std::string& source,
                       const std::string& system_id, Money amount) {
        const auto say = [&](const std::string& what) {
            log_('E', "account source " + source + ": credits of " + system_id + ", " + to_string(amount) + ": " +
                          what);
        };
        // A statement that returns rows says so by having one.
        if (outcome) {
            if (outcome->affected > 1) say("the statement changed " + std::to_string(outcome->affected) + " rows");
            return outcome->affected > 0 || !outcome->rows.empty() ? Outcome::moved : Outcome::too_few;
        }
        switch (outcome.error().kind) {
            case sql::Failure::Kind::away: return Outcome::away;
            case sql::Failure::Kind::uncertain:
                say("nobody knows whether they were moved: " + outcome.error().text);
                return Outcome::uncertain;
            default: say(outcome.error().text); return Outcome::away;
        }
    }

    const Directory::FindDatabase databases_;
    const sql::Database::Log log_;
    std::mutex mutex_;
    std::vector<SourceConfig> sources_;
};

Credits::Credits(Directory::FindDatabase databases, sql::Database::Log log)
    : state_(std::make_shared<State>(std::move(databases), std::move(log))) {}

Credits::~Credits() = default;

void Credits::configure(const std::vector<SourceConfig>& sources) { state_->configure(sources); }

void Credits::move(const std::string& source, const std::string& system_id, Money amount, Done done) {
    state_->move(source, system_id, amount, std::move(done));
}

}  // namespace sluice::accounts
