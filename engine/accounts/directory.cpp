#include "engine/accounts/directory.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "codecs/sms/utf16.hpp"
#include "engine/accounts/row.hpp"
#include "engine/base/limits.hpp"

namespace sluice::accounts {

using Kind = Directory::Found::Kind;

namespace {
/// After the database was away, for an account that goes on from what is remembered.
constexpr nanoseconds ask_again = seconds(1);
}  // namespace

class Directory::State : public std::enable_shared_from_this<State> {
public:
    State(FindDatabase databases, Announce announce, sql::Database::Log log, const Clock& clock)
        : databases_(std::move(databases)), announce_(std::move(announce)), log_(std::move(log)), clock_(clock) {}

    void configure(std::vector<SourceConfig> sources, std::shared_ptr<const routing::Snapshot> snapshot) {
        const std::lock_guard lock(mutex_);
        sources_ = std::move(sources);
        snapshot_ = std::move(snapshot);
        ++generation_;
        for (auto at = entries_.begin(); at != entries_.end();) {
            Entry& entry = at->second;
            if (entry.known) remake(entry);
            const bool goes = !entry.known && entry.waiting.empty();
            at = goes ? entries_.erase(at) : std::next(at);
        }
        unknown_.clear();
    }

    void find(std::string_view system_id, Done done) {
        std::unique_lock lock(mutex_);
        // What is no UTF-8 is nobody's name, and no database's business.
        if (sources_.empty() || !sms::to_utf16(system_id)) return answer(lock, std::move(done), {});
        Entry& entry = entries_[std::string(system_id)];
        if (entry.waiting.empty() && clock_.mono() < entry.fresh_until) {
            ++stats_.cached;
            return answer(lock, std::move(done), found(entry));
        }
        if (entry.waiting.size() >= limits::binds_per_lookup)
            return answer(lock, std::move(done), {Kind::away, {}, {}});
        entry.waiting.push_back(std::move(done));
        if (entry.waiting.size() > 1) return;
        ask(lock, std::string(system_id), 0);
    }

    std::vector<Found> all() const {
        const std::lock_guard lock(mutex_);
        std::vector<Found> every;
        for (const auto& [name, entry] : entries_)
            if (entry.known) every.push_back(found(entry));
        return every;
    }

    std::shared_ptr<const routing::Account> remembered(std::string_view system_id) const {
        const std::lock_guard lock(mutex_);
        const auto at = entries_.find(std::string(system_id));
        return at != entries_.end() ? at->second.known : nullptr;
    }

    Stats stats() const {
        const std::lock_guard lock(mutex_);
        Stats present = stats_;
        present.accounts = accounts_;
        return present;
    }

private:
    /// What is known of a name; and who waits to know.
    struct Entry {
        std::shared_ptr<const routing::Account> known;
        std::string source;
        sql::Answer row;  ///< that it was made of
        MonoTime fresh_until{};
        std::vector<Done> waiting;
    };

    Found found(const Entry& entry) const {
        if (!entry.known) return {};
        return {Kind::account, entry.known, snapshot_.get()};
    }

    static void answer(std::unique_lock<std::mutex>& lock, Done done, Found what) {
        lock.unlock();
        done(std::move(what));
    }

    const SourceConfig* source_of(const Entry& entry) const {
        const auto at = std::ranges::find(sources_, entry.source, &SourceConfig::name);
        return at == sources_.end() ? nullptr : &*at;
    }

    static Result<routing::Account> made_of(const sql::Answer& row, const routing::Account& defaults,
                                            const SourceConfig& source) {
        auto account = account_of_row(row, 0, defaults, source.scheme);
        if (account && !source.owner.empty()) account->numbers.clear();  // the database is asked for each
        return account;
    }

    /// With the present defaults; nothing when it is no account any more.
    void remake(Entry& entry) {
        const SourceConfig* source = source_of(entry);
        const routing::Account* defaults = source != nullptr ? snapshot_->find_account(source->name) : nullptr;
        const auto account = defaults != nullptr ? made_of(entry.row, *defaults, *source)
                                                 : Result<routing::Account>(fail("its source is gone"));
        if (account) entry.known = std::make_shared<const routing::Account>(*account);
        else forget(entry);
    }

    void forget(Entry& entry) {
        if (entry.known) --accounts_;
        entry.known = nullptr;
    }

    /// Asks the source with this number, for the first of those who wait.
    void ask(std::unique_lock<std::mutex>& lock, const std::string& name, std::size_t number) {
        if (number >= sources_.size()) return settle_nobody(lock, name);
        const SourceConfig& source = sources_[number];
        sql::Database* const database = databases_(source.database);
        ++stats_.asked;
        const auto answered = [self = shared_from_this(), name, number, generation = generation_](
                                  sql::Outcome<sql::Answer> outcome) {
            std::unique_lock again(self->mutex_);
            self->answered(again, name, number, generation, std::move(outcome));
        };
        if (database == nullptr || !database->query(source.find.with({name}), answered))
            settle_away(lock, name, source);
    }

    void answered(std::unique_lock<std::mutex>& lock, const std::string& name, std::size_t number,
                  std::uint64_t generation, sql::Outcome<sql::Answer> outcome) {
        if (generation != generation_) return ask(lock, name, 0);  // the sources are others now
        const SourceConfig& source = sources_[number];
        if (!outcome) {
            if (outcome.error().kind == sql::Failure::Kind::refused) wrong(source, name, outcome.error().text);
            return settle_away(lock, name, source);
        }
        if (outcome->rows.empty()) return ask(lock, name, number + 1);
        Entry& entry = entries_.find(name)->second;
        if (outcome->rows.size() > 1) {
            wrong(source, name, "there is more than one row of that name");
            return settle_nobody(lock, name);
        }
        const routing::Account* defaults = snapshot_->find_account(source.name);
        auto account = defaults != nullptr ? made_of(*outcome, *defaults, source)
                                           : Result<routing::Account>(fail("it has no defaults"));
        if (!account) {
            wrong(source, name, account.error().message);
            return settle_nobody(lock, name);
        }
        // A database may compare without regard to case. To us these are two names, with limits of their own each.
        if (account->system_id != name) return settle_nobody(lock, name);
        if (!entry.known && accounts_ >= source.max_accounts) {
            wrong(source, name, "there are max_accounts already");
            return settle(lock, name, {Kind::away, {}, {}});
        }
        entry.source = source.name;
        entry.row = std::move(*outcome);
        entry.fresh_until = clock_.mono() + source.cache;
        const bool is_new = !entry.known;
        if (is_new) ++accounts_;
        if (is_new || !(*entry.known == *account)) {
            entry.known = std::make_shared<const routing::Account>(std::move(*account));
            announce_(found(entry));
        }
        settle(lock, name, found(entry));
    }

    void wrong(const SourceConfig& source, const std::string& name, const std::string& why) {
        ++stats_.wrong;
        log_('E', "account source " + source.name + ": " + name + ": " + why);
    }

    void settle_nobody(std::unique_lock<std::mutex>& lock, const std::string& name) {
        ++stats_.nobody;
        Entry& entry = entries_.find(name)->second;
        forget(entry);
        entry.fresh_until = clock_.mono() + (sources_.empty() ? seconds(0) : sources_.front().cache_unknown);
        unknown_.push_back(name);
        settle(lock, name, {});
    }

    void settle_away(std::unique_lock<std::mutex>& lock, const std::string& name, const SourceConfig& source) {
        ++stats_.away;
        Entry& entry = entries_.find(name)->second;
        if (entry.known && source.known_from_cache) {
            entry.fresh_until = clock_.mono() + ask_again;
            return settle(lock, name, found(entry));
        }
        settle(lock, name, {source.unknown_wait ? Kind::away_wait : Kind::away, {}, {}});
    }

    void settle(std::unique_lock<std::mutex>& lock, const std::string& name, const Found& what) {
        const auto at = entries_.find(name);
        const std::vector<Done> waiting = std::exchange(at->second.waiting, {});
        if (!at->second.known && what.kind != Kind::nobody) entries_.erase(at);
        forget_old_unknown();
        lock.unlock();
        for (const Done& done : waiting) done(what);
    }

    /// Names that nobody has are remembered too, as many of them as there is room for.
    void forget_old_unknown() {
        while (unknown_.size() > limits::unknown_accounts) {
            const auto at = entries_.find(unknown_.front());
            unknown_.pop_front();
            if (at != entries_.end() && !at->second.known && at->second.waiting.empty()) entries_.erase(at);
        }
    }

    const FindDatabase databases_;
    const Announce announce_;
    const sql::Database::Log log_;
    const Clock& clock_;

    mutable std::mutex mutex_;  // of everything below; never held in a Done
    std::vector<SourceConfig> sources_;
    std::shared_ptr<const routing::Snapshot> snapshot_;
    std::uint64_t generation_ = 0;  ///< of the two above
    std::unordered_map<std::string, Entry> entries_;
    std::deque<std::string> unknown_;  ///< in the order they were asked for; some are known by now, or there twice
    std::size_t accounts_ = 0;
    Stats stats_;
};

Directory::Directory(FindDatabase databases, Announce announce, sql::Database::Log log, const Clock& clock)
    : state_(std::make_shared<State>(std::move(databases), std::move(announce), std::move(log), clock)) {}

Directory::~Directory() = default;

void Directory::configure(std::vector<SourceConfig> sources, std::shared_ptr<const routing::Snapshot> snapshot) {
    state_->configure(std::move(sources), std::move(snapshot));
}

void Directory::find(std::string_view system_id, Done done) { state_->find(system_id, std::move(done)); }

std::vector<Directory::Found> Directory::all() const { return state_->all(); }

std::shared_ptr<const routing::Account> Directory::remembered(std::string_view system_id) const {
    return state_->remembered(system_id);
}

Directory::Stats Directory::stats() const { return state_->stats(); }

}  // namespace sluice::accounts
