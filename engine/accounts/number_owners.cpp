#include "engine/accounts/number_owners.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "engine/base/limits.hpp"
#include "engine/routing/home.hpp"

namespace sluice::accounts {

class NumberOwners::State : public std::enable_shared_from_this<State> {
public:
    State(Directory::FindDatabase databases, sql::Database::Log log, const Clock& clock)
        : databases_(std::move(databases)), log_(std::move(log)), clock_(clock) {}

    void configure(const std::vector<SourceConfig>& sources) {
        const std::lock_guard lock(mutex_);
        sources_.clear();
        std::ranges::copy_if(sources, std::back_inserter(sources_),
                             [](const SourceConfig& s) { return !s.owner.empty(); });
        on_ = !sources_.empty();
        wants_keyword_ =
            std::ranges::any_of(sources_, [](const SourceConfig& s) { return s.owner.has(keyword_place); });
        ++generation_;
        std::erase_if(entries_, [](const auto& each) { return each.second.waiting.empty(); });
        order_.clear();
    }

    bool on() const { return on_; }
    bool wants_keyword() const { return wants_keyword_; }

    std::optional<Answer> remembered(const Question& question) const {
        const std::lock_guard lock(mutex_);
        const auto at = entries_.find(key_of(question));
        if (at == entries_.end() || !at->second.waiting.empty() || clock_.mono() >= at->second.fresh_until)
            return std::nullopt;
        return Answer{false, at->second.owners};
    }

    void find(const Question& question, Done done) {
        if (auto known = remembered(question)) return done(*known);
        std::unique_lock lock(mutex_);
        std::string key = key_of(question);
        Entry& entry = entries_[key];
        if (entry.waiting.size() >= limits::binds_per_lookup) {
            lock.unlock();
            return done({true, {}});
        }
        entry.waiting.push_back(std::move(done));
        if (entry.waiting.size() == 1) ask(lock, key, 0);
    }

    Stats stats() const {
        const std::lock_guard lock(mutex_);
        Stats present = stats_;
        present.remembered = entries_.size();
        return present;
    }

private:
    static constexpr std::size_t keyword_place = 2;  // in owner_names

    /// Of the entry, with everything in it that an answer depends on. The digits are first, and no digit is a blank.
    std::string key_of(const Question& question) const {
        return wants_keyword_ && !question.keyword.empty() ? question.digits + ' ' + question.keyword : question.digits;
    }
    static sql::Statement statement(const SourceConfig& source, const std::string& key) {
        const std::string digits = key.substr(0, key.find(' '));
        const std::string keyword = digits.size() < key.size() ? key.substr(digits.size() + 1) : std::string();
        return source.owner.with({"+" + digits, digits, keyword});
    }

    struct Entry {
        std::vector<std::string> owners;
        MonoTime fresh_until{};
        std::vector<Done> waiting;
    };

    void ask(std::unique_lock<std::mutex>& lock, const std::string& key, std::size_t number) {
        if (number >= sources_.size()) {
            ++stats_.nobody;
            return remember(lock, key, {}, sources_.empty() ? seconds(0) : sources_.front().cache_unknown);
        }
        const SourceConfig& source = sources_[number];
        sql::Database* const database = databases_(source.database);
        ++stats_.asked;
        const auto answered = [self = shared_from_this(), key, number, generation = generation_](
                                  sql::Outcome<sql::Answer> outcome) {
            std::unique_lock again(self->mutex_);
            self->answered(again, key, number, generation, outcome);
        };
        if (database == nullptr || !database->query(statement(source, key), answered)) away(lock, key);
    }

    void answered(std::unique_lock<std::mutex>& lock, const std::string& key, std::size_t number,
                  std::uint64_t generation, const sql::Outcome<sql::Answer>& outcome) {
        if (generation != generation_) return ask(lock, key, 0);  // the sources are others now
        const SourceConfig& source = sources_[number];
        if (!outcome) {
            if (outcome.error().kind == sql::Failure::Kind::refused)
                log_('E', "account source " + source.name + ": owner of " + key + ": " + outcome.error().text);
            return away(lock, key);
        }
        if (outcome->rows.empty()) return ask(lock, key, number + 1);
        std::vector<std::string> owners;
        const std::size_t column = outcome->column("SystemID").value_or(0);
        for (const auto& row : outcome->rows)
            if (owners.size() < routing::max_home_owners && column < row.size() && row[column])
                if (std::string name = row[column]->substr(0, row[column]->find_last_not_of(' ') + 1);
                    !name.empty() && std::ranges::find(owners, name) == owners.end())
                    owners.push_back(std::move(name));
        remember(lock, key, std::move(owners), source.cache);
    }

    void remember(std::unique_lock<std::mutex>& lock, const std::string& key, std::vector<std::string> owners,
                  seconds time) {
        Entry& entry = entries_.find(key)->second;
        entry.owners = std::move(owners);
        entry.fresh_until = clock_.mono() + std::max(time, seconds(1));  // who has asked asks again what it was
        order_.push_back(key);
        settle(lock, entry, {false, entry.owners});
    }

    void away(std::unique_lock<std::mutex>& lock, const std::string& key) {
        ++stats_.away;
        auto entry = entries_.extract(key);
        settle(lock, entry.mapped(), {true, {}});
    }

    void settle(std::unique_lock<std::mutex>& lock, Entry& entry, const Answer& answer) {
        const std::vector<Done> waiting = std::exchange(entry.waiting, {});
        while (order_.size() > limits::remembered_numbers) {
            const auto oldest = entries_.find(order_.front());
            order_.pop_front();
            if (oldest != entries_.end() && oldest->second.waiting.empty() && &oldest->second != &entry)
                entries_.erase(oldest);
        }
        lock.unlock();
        for (const Done& done : waiting) done(answer);
    }

    const Directory::FindDatabase databases_;
    const sql::Database::Log log_;
    const Clock& clock_;
    std::atomic<bool> on_{false}, wants_keyword_{false};

    mutable std::mutex mutex_;  // of everything below; never held in a Done
    std::vector<SourceConfig> sources_;  ///< those that can be asked
    std::uint64_t generation_ = 0;
    std::unordered_map<std::string, Entry> entries_;
    std::deque<std::string> order_;  ///< in which they were answered; some are there twice
    Stats stats_;
};

NumberOwners::NumberOwners(Directory::FindDatabase databases, sql::Database::Log log, const Clock& clock)
    : state_(std::make_shared<State>(std::move(databases), std::move(log), clock)) {}

NumberOwners::~NumberOwners() = default;

void NumberOwners::configure(const std::vector<SourceConfig>& sources) { state_->configure(sources); }

bool NumberOwners::on() const { return state_->on(); }

bool NumberOwners::wants_keyword() const { return state_->wants_keyword(); }

std::optional<NumberOwners::Answer> NumberOwners::remembered(const Question& question) const {
    return state_->remembered(question);
}

void NumberOwners::find(const Question& question, Done done) { state_->find(question, std::move(done)); }

NumberOwners::Stats NumberOwners::stats() const { return state_->stats(); }

}  // namespace sluice::accounts
