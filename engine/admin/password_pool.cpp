#include "engine/admin/password_pool.hpp"

#include <string.h>
#include <sys/random.h>

#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/hmac.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "engine/admin/password.hpp"
#include "engine/base/bytes.hpp"
#include "engine/base/check.hpp"

namespace sluice::admin {
namespace {

/// Clear text at one place in memory, wiped when it goes. (A std::string leaves copies behind when it moves.)
class Secret {
public:
    explicit Secret(std::string_view clear) : octets_(std::make_unique<char[]>(clear.size())), size_(clear.size()) {
        std::copy(clear.begin(), clear.end(), octets_.get());
    }
    Secret(Secret&&) = default;
    Secret& operator=(Secret&&) = delete;
    ~Secret() {
        if (octets_) explicit_bzero(octets_.get(), size_);
    }
    std::string_view view() const { return {octets_.get(), size_}; }

private:
    std::unique_ptr<char[]> octets_;
    std::size_t size_;
};

using Fingerprint = std::array<std::uint8_t, WC_SHA256_DIGEST_SIZE>;

/// Turns credentials into a keyed hash; the key lives as long as the process and is never written down.
class Fingerprinter {
public:
    Fingerprinter() {
        const ssize_t got = getrandom(key_.data(), key_.size(), 0);
        SLUICE_CHECK(got == static_cast<ssize_t>(key_.size()));
    }
    ~Fingerprinter() { explicit_bzero(key_.data(), key_.size()); }

    Fingerprint of(std::string_view account, std::string_view hash, std::string_view clear) const {
        Fingerprint result;
        Hmac hmac;
        int error = wc_HmacInit(&hmac, nullptr, INVALID_DEVID);
        error |= wc_HmacSetKey(&hmac, WC_SHA256, key_.data(), static_cast<word32>(key_.size()));
        for (const std::string_view part : {account, hash, clear}) {
            // The length in front keeps ("ab", "c") apart from ("a", "bc").
            std::array<std::uint8_t, 8> length;
            store_be<std::uint64_t>(length.data(), part.size());
            error |= wc_HmacUpdate(&hmac, length.data(), static_cast<word32>(length.size()));
            error |= wc_HmacUpdate(&hmac, reinterpret_cast<const byte*>(part.data()), static_cast<word32>(part.size()));
        }
        error |= wc_HmacFinal(&hmac, result.data());
        wc_HmacFree(&hmac);
        SLUICE_CHECK(error == 0);
        return result;
    }

private:
    std::array<std::uint8_t, 32> key_;
};

/// Fingerprints of credentials that were right, for a while, at most so many; the oldest goes first.
class KnownGood {
public:
    KnownGood(std::size_t capacity, nanoseconds lifetime) : capacity_(capacity), lifetime_(lifetime) {}

    bool contains(const Fingerprint& fingerprint, MonoTime now) {
        forget_old(now);
        return until_.contains(fingerprint);
    }
    void add(const Fingerprint& fingerprint, MonoTime now) {
        if (capacity_ == 0 || !until_.emplace(fingerprint, now + lifetime_).second) return;
        order_.push_back(fingerprint);
        if (order_.size() > capacity_) forget_first();
    }

private:
    void forget_first() {
        until_.erase(order_.front());
        order_.pop_front();
    }
    void forget_old(MonoTime now) {
        while (!order_.empty() && until_.at(order_.front()) <= now) forget_first();
    }

    std::size_t capacity_;
    nanoseconds lifetime_;
    std::map<Fingerprint, MonoTime> until_;
    std::deque<Fingerprint> order_;  ///< as they were added, which is as they end
};

}  // namespace

class VerifierPool::State {
public:
    State(const VerifierConfig& config, const Clock& clock)
        : config_(config), clock_(clock), known_(config.cache_entries, config.cache_lifetime) {
        const std::size_t threads = std::clamp<std::size_t>(config.threads, 1, 64);
        for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
    }

    ~State() {
        {
            const std::lock_guard lock(mutex_);
            ending_ = true;
        }
        wake_.notify_all();
        for (std::thread& thread : threads_) thread.join();
    }

    bool submit(std::string_view account, std::string_view hash, std::string_view clear, Callback&& callback) {
        const Fingerprint fingerprint = fingerprinter_.of(account, hash, clear);
        {
            const std::lock_guard lock(mutex_);
            if (known_.contains(fingerprint, clock_.mono())) {
                ++stats_.cache_hits;
            } else if (jobs_.size() >= std::max<std::size_t>(config_.queue, 1)) {
                ++stats_.refused;
                return false;
            } else {
                jobs_.push_back({fingerprint, std::string(hash), Secret(clear), std::move(callback)});
                wake_.notify_one();
                return true;
            }
        }
        callback(true);
        return true;
    }

    Stats stats() const {
        const std::lock_guard lock(mutex_);
        Stats now = stats_;
        now.waiting = jobs_.size();
        return now;
    }

private:
    struct Job {
        Fingerprint fingerprint;
        std::string hash;
        Secret clear;
        Callback callback;
    };

    void work() {
        while (std::optional<Job> job = next()) {
            // Looked up again: of many binds with the same credentials that came together, one pays.
            bool right = recall(job->fingerprint);
            if (!right) {
                right = verify_password(job->hash, job->clear.view());
                record(job->fingerprint, right);
            }
            job->callback(right);
        }
    }

    std::optional<Job> next() {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
        if (ending_) return std::nullopt;
        std::optional<Job> job(std::move(jobs_.front()));
        jobs_.pop_front();
        return job;
    }

    bool recall(const Fingerprint& fingerprint) {
        const std::lock_guard lock(mutex_);
        if (!known_.contains(fingerprint, clock_.mono())) return false;
        ++stats_.cache_hits;
        return true;
    }

    void record(const Fingerprint& fingerprint, bool right) {
        const std::lock_guard lock(mutex_);
        ++stats_.verified;
        if (right) known_.add(fingerprint, clock_.mono());
    }

    const VerifierConfig config_;
    const Clock& clock_;
    const Fingerprinter fingerprinter_;

    mutable std::mutex mutex_;  // of everything below; never held while a password is derived or a callback runs
    std::condition_variable wake_;
    bool ending_ = false;
    std::deque<Job> jobs_;
    KnownGood known_;
    Stats stats_;

    std::vector<std::thread> threads_;
};

VerifierPool::VerifierPool(const VerifierConfig& config, const Clock& clock)
    : state_(std::make_unique<State>(config, clock)) {}

VerifierPool::~VerifierPool() = default;

bool VerifierPool::submit(std::string_view account, std::string_view hash, std::string_view clear, Callback callback) {
    return state_->submit(account, hash, clear, std::move(callback));
}

VerifierPool::Stats VerifierPool::stats() const { return state_->stats(); }

}  // namespace sluice::admin
