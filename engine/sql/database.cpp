#include "engine/sql/database.hpp"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "engine/base/check.hpp"
#include "engine/sql/connection.hpp"

namespace sluice::sql {
namespace {

/// What is asked, and what may be done when a connection breaks meanwhile.
enum class Kind : std::uint8_t { query, change, transaction };

constexpr nanoseconds first_pause = milliseconds(200);
constexpr nanoseconds longest_pause = seconds(10);
/// For a connection to come about; longer than the drivers' own limits, which are tried first.
constexpr nanoseconds connect_limit = seconds(10);
/// For threads in their driver when the pool ends.
constexpr nanoseconds end_patience = seconds(2);

MonoTime now() { return std::chrono::steady_clock::now(); }

std::string with_password(const DatabaseConfig& config) {
    if (config.password.empty()) return config.connection;
    std::string text = config.connection;
    if (!text.ends_with(';')) text += ';';
    text += "PWD={";
    for (const char c : config.password) text += c == '}' ? std::string("}}") : std::string(1, c);
    return text + '}';
}

}  // namespace

/// What the threads share, and what keeps it alive for those that are left behind.
class Database::State : public std::enable_shared_from_this<State> {
public:
    State(DatabaseConfig config, Log log)
        : config_(std::move(config)), text_(with_password(config_)), log_(std::move(log)) {
        config_.connections = std::clamp(config_.connections, 1u, 64u);
        config_.queue = std::max(config_.queue, 1u);
    }

    const DatabaseConfig& config() const { return config_; }

    void begin() {
        const std::lock_guard lock(mutex_);
        for (std::uint32_t i = 0; i < config_.connections; ++i) add_worker();
        start([this] { watch(); }, "sql-watch");
    }

    void end() {
        std::vector<TransactionDone> dropped;  // destroyed without the lock
        std::unique_lock lock(mutex_);
        ending_ = true;
        for (Job& job : waiting_) dropped.push_back(std::move(job.done));
        waiting_.clear();
        for (const auto& worker : workers_)
            if (worker->job) dropped.push_back(std::exchange(worker->job->done, nullptr));
        work_.notify_all();
        watch_.notify_all();
        ended_.wait(lock, [this] { return in_callbacks_ == 0; });
        ended_.wait_for(lock, end_patience, [this] { return threads_ == 0; });
        lock.unlock();
    }

    bool submit(std::vector<Statement> statements, Kind kind, TransactionDone done) {
        SLUICE_CHECK(!statements.empty());
        const std::lock_guard lock(mutex_);
        if (waiting_.size() >= config_.queue) {
            ++stats_.away;
            return false;
        }
        waiting_.push_back({std::move(statements), kind, now() + config_.timeout, std::move(done)});
        work_.notify_all();
        // Deadlines grow with the place in the queue, so only the first moves what the watch waits for.
        if (waiting_.size() == 1 || away_) watch_.notify_all();
        return true;
    }

    Stats stats() const {
        const std::lock_guard lock(mutex_);
        Stats present = stats_;
        present.waiting = waiting_.size();
        for (const auto& worker : workers_) {
            present.running += worker->job ? 1 : 0;
            present.connected += worker->connected ? 1 : 0;
        }
        present.stuck = stuck_;
        return present;
    }

private:
    struct Job {
        std::vector<Statement> statements;
        Kind kind;
        MonoTime deadline;
        TransactionDone done;  ///< empty once it is answered
    };
    /// One thread and its connection.
    struct Worker {
        std::shared_ptr<Job> job;     ///< being done, until it is answered
        std::optional<MonoTime> late; ///< when whatever it is doing in the driver has taken too long
        bool connected = false;
        bool abandoned = false;
    };

    template <class Work>
    void start(Work work, const char* name) {
        ++threads_;
        std::thread thread([self = shared_from_this(), work = std::move(work)] {
            work();
            const std::lock_guard lock(self->mutex_);
            --self->threads_;
            self->ended_.notify_all();
        });
        pthread_setname_np(thread.native_handle(), name);
        thread.detach();
    }

    void add_worker() {
        const auto worker = std::make_shared<Worker>();
        workers_.push_back(worker);
        start([this, worker] { work(*worker); }, "sql");
    }

    void say(std::unique_lock<std::mutex>& lock, char level, const std::string& text) {
        if (!log_ || ending_) return;
        ++in_callbacks_;
        lock.unlock();
        log_(level, "database " + config_.name + ": " + text);
        lock.lock();
        returned();
    }

    void answer(std::unique_lock<std::mutex>& lock, TransactionDone done, Outcome<std::vector<Answer>> outcome) {
        if (ending_) return;
        ++in_callbacks_;
        lock.unlock();
        done(std::move(outcome));
        done = nullptr;
        lock.lock();
        returned();
    }

    void returned() {
        if (--in_callbacks_ == 0) ended_.notify_all();
    }

    void work(Worker& self) {
        std::unique_ptr<Connection> connection;
        MonoTime retry_at{};
        nanoseconds pause = first_pause;
        std::unique_lock lock(mutex_);
        while (!ending_ && !self.abandoned) {
            if (!connection) {
                if (now() < retry_at) {
                    work_.wait_until(lock, retry_at);
                    continue;
                }
                connection = connect(lock, self);
                if (connection) pause = first_pause;
                retry_at = now() + pause;
                pause = std::min(2 * pause, longest_pause);
            } else if (waiting_.empty()) {
                work_.wait(lock);
            } else {
                do_next(lock, self, connection);
                if (!connection) retry_at = {};
            }
        }
        if (self.abandoned) {
            --stuck_;
            watch_.notify_all();
        }
        lock.unlock();
        connection.reset();
    }

    std::unique_ptr<Connection> connect(std::unique_lock<std::mutex>& lock, Worker& self) {
        self.late = now() + connect_limit;
        watch_.notify_all();
        lock.unlock();
        auto opened = Connection::open(text_, config_.timeout);
        lock.lock();
        self.late.reset();
        if (self.abandoned || ending_) return nullptr;
        if (!opened) {
            note_away(lock, opened.error().text);
            return nullptr;
        }
        ++stats_.connects;
        self.connected = true;
        if (std::exchange(away_, false)) say(lock, 'W', "is there again");
        return std::move(*opened);
    }

    bool any_connected() const {
        return std::ranges::any_of(workers_, [](const auto& worker) { return worker->connected; });
    }

    void note_away(std::unique_lock<std::mutex>& lock, const std::string& why) {
        if (any_connected()) return;
        why_away_ = why;
        watch_.notify_all();
        if (!std::exchange(away_, true)) say(lock, 'E', "cannot be reached: " + why);
    }

    void do_next(std::unique_lock<std::mutex>& lock, Worker& self, std::unique_ptr<Connection>& connection) {
        const auto job = std::make_shared<Job>(std::move(waiting_.front()));
        waiting_.pop_front();
        self.job = job;
        self.late = job->deadline;
        watch_.notify_all();
        lock.unlock();
        auto outcome = perform(*connection, *job);
        if (connection->broken()) connection.reset();
        lock.lock();
        if (!connection && job->kind == Kind::query && job->done && !self.abandoned && !ending_) {
            self.connected = false;
            lock.unlock();
            auto again = Connection::open(text_, config_.timeout);
            outcome = again ? perform(**again, *job) : std::unexpected(again.error());
            if (again && !(*again)->broken()) connection = std::move(*again);
            lock.lock();
            if (connection) ++stats_.connects;
        }
        self.connected = connection != nullptr;
        self.late.reset();
        self.job.reset();
        if (self.abandoned) self.connected = false;
        if (!connection && !self.abandoned) note_away(lock, outcome ? "the connection broke" : outcome.error().text);
        auto done = std::exchange(job->done, nullptr);
        if (!done) return;  // it was late
        if (outcome) ++stats_.answered;
        else if (outcome.error().kind == Failure::Kind::refused) ++stats_.refused;
        else ++stats_.away;
        answer(lock, std::move(done), std::move(outcome));
    }

    static Outcome<std::vector<Answer>> perform(Connection& connection, const Job& job) {
        if (job.kind == Kind::transaction) return connection.transact(job.statements);
        auto answer = connection.run(job.statements.front());
        if (!answer) return std::unexpected(std::move(answer.error()));
        std::vector<Answer> answers;
        answers.push_back(std::move(*answer));
        return answers;
    }

    /// Sees to it that everything is answered in time, and replaces threads that are stuck.
    void watch() {
        std::unique_lock lock(mutex_);
        while (!ending_) {
            const MonoTime present = now();
            if (!waiting_.empty() && (away_ || waiting_.front().deadline <= present)) {
                Job job = std::move(waiting_.front());
                waiting_.pop_front();
                ++(away_ ? stats_.away : stats_.late);
                const std::string why = away_ ? "the database cannot be reached: " + why_away_
                                              : "the database is too busy";
                answer(lock, std::move(job.done), std::unexpected(Failure{Failure::Kind::away, why}));
                continue;
            }
            const auto late = std::ranges::find_if(workers_, [&](const auto& worker) {
                return worker->late && *worker->late <= present && (worker->job || stuck_ < config_.connections);
            });
            if (late != workers_.end()) {
                leave_behind(lock, *late);
                continue;
            }
            std::optional<MonoTime> next;
            const auto consider = [&](MonoTime at) { next = next ? std::min(*next, at) : at; };
            if (!waiting_.empty()) consider(waiting_.front().deadline);
            for (const auto& worker : workers_)
                if (worker->late && *worker->late > present) consider(*worker->late);
            if (next) watch_.wait_until(lock, *next);
            else watch_.wait(lock);
        }
    }

    void leave_behind(std::unique_lock<std::mutex>& lock, std::shared_ptr<Worker> worker) {
        auto job = std::exchange(worker->job, nullptr);
        if (stuck_ < config_.connections) {
            std::erase(workers_, worker);
            worker->abandoned = true;
            worker->connected = false;
            ++stuck_;
            add_worker();
            say(lock, 'W', "a thread is stuck in the driver; another takes its place");
        }
        if (!job || !job->done) return;
        auto done = std::exchange(job->done, nullptr);
        const bool harmless = job->kind == Kind::query;
        ++stats_.late;
        answer(lock, std::move(done),
               std::unexpected(Failure{harmless ? Failure::Kind::away : Failure::Kind::uncertain,
                                       "the database does not answer in time"}));
    }

    DatabaseConfig config_;
    const std::string text_;
    const Log log_;

    mutable std::mutex mutex_;  // of everything below; never held in a driver or a callback
    std::condition_variable work_, watch_, ended_;
    bool ending_ = false;
    bool away_ = false;         ///< no connection, and the last attempt to make one failed
    std::string why_away_;
    std::deque<Job> waiting_;   ///< as they came, which is as their time runs out
    std::vector<std::shared_ptr<Worker>> workers_;
    std::size_t stuck_ = 0;
    std::size_t threads_ = 0;
    std::size_t in_callbacks_ = 0;
    Stats stats_;
};

namespace {

Database::TransactionDone of_one(Database::Done done) {
    return [done = std::move(done)](Outcome<std::vector<Answer>> outcome) {
        if (outcome) done(std::move(outcome->front()));
        else done(std::unexpected(std::move(outcome.error())));
    };
}

}  // namespace

Database::Database(DatabaseConfig config, Log log)
    : state_(std::make_shared<State>(std::move(config), std::move(log))) {
    state_->begin();
}

Database::~Database() { state_->end(); }

const DatabaseConfig& Database::config() const { return state_->config(); }

bool Database::query(Statement statement, Done done) {
    return state_->submit({std::move(statement)}, Kind::query, of_one(std::move(done)));
}

bool Database::execute(Statement statement, Done done) {
    return state_->submit({std::move(statement)}, Kind::change, of_one(std::move(done)));
}

bool Database::transaction(std::vector<Statement> statements, TransactionDone done) {
    return state_->submit(std::move(statements), Kind::transaction, std::move(done));
}

Database::Stats Database::stats() const { return state_->stats(); }

}  // namespace sluice::sql
