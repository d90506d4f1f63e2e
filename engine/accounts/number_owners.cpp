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
        std::ranges::copy_if(sources, std::back_inserter(sources_), [](const SourceConfig& s) { return !s.owner.empty(); });
        on_ = !sources_.empty();
        ++generation_;
        std::erase_if(entries_, [](const auto& each) { return each.second.waiting.empty(); });
        order_.clear();
    }

    bool on() const { return on_; }

    std::optional<Answer> remembered(std::string_view digits) const {
        const std::lock_guard lock(mutex_);
        const auto at = entries_.find(std::string(digits));
        if (at == entries_.end() || !at->second.waiting.empty() || clock_.mono() >= at->second.fresh_until) return std::nullopt;
        return Answer{false, at->second.owners};
    }

    void find(const std::string& digits, Done done) {
        if (auto known = remembered(digits)) return done(*known);
        std::unique_lock lock(mutex_);
        Entry& entry = entries_[digits];
        if (entry.waiting.size() >= limits::binds_per_lookup) {
            lock.unlock();
            return done({true, {}});
        }
        entry.waiting.push_back(std::move(done));
        if (entry.waiting.size() == 1) ask(lock, digits, 0);
    }

    Stats stats() const {
        const std::lock_guard lock(mutex_);
        Stats present = stats_;
        present.remembered = entries_.size();
        return present;
    }

private:
    struct Entry {
        std::vector<std::string> owners;
        MonoTime fresh_until{};
        std::vector<Done> waiting;
    };

    void ask(std::unique_lock<std::mutex>& lock, const std::string& digits, std::size_t number) {
        if (number >= sources_.size()) {
            ++stats_.nobody;
            return remember(lock, digits, {}, sources_.empty() ? seconds(0) : sources_.front().cache_unknown);
        }
        const SourceConfig& source = sources_[number];
        sql::Database* const database = databases_(source.database);
        ++stats_.asked;
        const auto answered = [self = shared_from_this(), digits, number, generation = generation_](
                                  sql::Outcome<sql::Answer> outcome) {
            std::unique_lock again(self->mutex_);
            self->answered(again, digits, number, generation, outcome);
        };
        if (database == nullptr || !database->query(source.owner.with({"+" + digits, digits}), answered)) away(lock, digits);
    }

    void answered(std::unique_lock<std::mutex>& lock, const std::string& digits, std::size_t number, std::uint64_t generation,
                  const sql::Outcome<sql::Answer>& outcome) {
        if (generation != generation_) return ask(lock, digits, 0);  // the sources are others now
        const SourceConfig& source = sources_[number];
        if (!outcome) {
            if (outcome.error().kind == sql::Failure::Kind::refused)
                log_('E', "account source " + source.name + ": owner of " + digits + ": " + outcome.error().text);
            return away(lock, digits);
        }
        if (outcome->rows.empty()) return ask(lock, digits, number + 1);
        std::vector<std::string> owners;
        const std::size_t column = outcome->column("SystemID").value_or(0);
        for (const auto& row : outcome->rows)
            if (owners.size() < routing::max_home_owners && column < row.size() && row[column])
                if (std::string name = row[column]->substr(0, row[column]->find_last_not_of(' ') + 1);
                    !name.empty() && std::ranges::find(owners, name) == owners.end())
                    owners.push_back(std::move(name));
        remember(lock, digits, std::move(owners), source.cache);
    }

    void remember(std::unique_lock<std::mutex>& lock, const std::string& digits, std::vector<std::string> owners, seconds time) {
        Entry& entry = entries_.find(digits)->second;
        entry.owners = std::move(owners);
        entry.fresh_until = clock_.mono() + std::max(time, seconds(1));  // who has asked asks again what it was
        order_.push_back(digits);
        settle(lock, entry, {false, entry.owners});
    }

    void away(std::unique_lock<std::mutex>& lock, const std::string& digits) {
        ++stats_.away;
        auto entry = entries_.extract(digits);
        settle(lock, entry.mapped(), {true, {}});
    }

    void settle(std::unique_lock<std::mutex>& lock, Entry& entry, const Answer& answer) {
        const std::vector<Done> waiting = std::exchange(entry.waiting, {});
        while (order_.size() > limits::remembered_numbers) {
            const auto oldest = entries_.find(order_.front());
            order_.pop_front();
            if (oldest != entries_.end() && oldest->second.waiting.empty() && &oldest->second != &entry) entries_.erase(oldest);
        }
        lock.unlock();
        for (const Done& done : waiting) done(answer);
    }

    const Directory::FindDatabase databases_;
    const sql::Database::Log log_;
    const Clock& clock_;
    std::atomic<bool> on_{false};

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

std::optional<NumberOwners::Answer> NumberOwners::remembered(std::string_view digits) const {
    return state_->remembered(digits);
}

void NumberOwners::find(std::string_view digits, Done done) { state_->find(std::string(digits), std::move(done)); }

NumberOwners::Stats NumberOwners::stats() const { return state_->stats(); }

}  // namespace sluice::accounts
