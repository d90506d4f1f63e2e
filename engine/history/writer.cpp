#include "engine/history/writer.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "storage/files.hpp"

namespace sluice::history {

namespace {

/// While records come, the thread looks so often: batches, and no wake-ups for the shards to pay.
constexpr int busy_look = 20;  // milliseconds
constexpr int idle_look = 1000;
constexpr std::size_t at_once = 256;  // stretches
constexpr seconds maintain_every{1}, flush_every{1};

}  // namespace

Result<std::unique_ptr<History>> History::start(Options options) {
    auto files = Files::open(options.files);
    if (!files) return std::unexpected(files.error());
    std::unique_ptr<History> history(new History(std::move(options)));
    history->files_ = std::move(*files);
    history->event_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (history->event_ < 0) return std::unexpected(storage::system_error("cannot make", "an eventfd", errno));
    for (std::size_t i = 0; i < history->options_.recorders; ++i)
        history->recorders_.push_back(
            std::make_unique<Recorder>(history->options_.ring_octets, [its = history.get()] { its->wake(); }));
    history->thread_ = std::thread([its = history.get()] { its->run(); });
    return history;
}

History::~History() {
    if (thread_.joinable()) {
        stopping_ = true;
        wake();
        thread_.join();
    }
    if (event_ >= 0) ::close(event_);
}

void History::wake() const {
    const std::uint64_t one = 1;
    // It fails only when it was written 2^64 times without being read: then the thread is awake.
    [[maybe_unused]] const ssize_t written = ::write(event_, &one, sizeof one);
}

void History::wait(int milliseconds) {
    pollfd event{event_, POLLIN, 0};
    if (::poll(&event, 1, milliseconds) <= 0) return;
    std::uint64_t count;
    [[maybe_unused]] const ssize_t taken = ::read(event_, &count, sizeof count);
}

void History::flush() {
    const std::uint64_t number = flush_wanted_.fetch_add(1) + 1;
    wake();
    for (std::uint64_t done = flush_done_.load(); done < number; done = flush_done_.load()) flush_done_.wait(done);
}

std::uint64_t History::lost() const {
    std::uint64_t lost = files_->stats().unwritten;
    for (const auto& recorder : recorders_) lost += recorder->dropped();
    return lost;
}

bool History::drain() {
    bool more = true, any = false;
    while (more) {
        more = false;
        for (const auto& recorder : recorders_) {
            const std::size_t read = recorder->read([&](ByteView stretch) { files_->append(stretch); }, at_once);
            any = any || read > 0;
            more = more || read == at_once;
        }
    }
    return any;
}

void History::tell() {
    const Files::Stats stats = files_->stats();
    if (const bool trouble = !stats.trouble.empty(); trouble != trouble_told_) {
        trouble_told_ = trouble;
        if (trouble)
            options_.report('W', "history: " + stats.trouble + "; what happens to messages is not kept meanwhile");
        else options_.report('I', "history: it can be written again");
    }
    if (const std::uint64_t now_lost = lost(); now_lost > lost_told_) {
        options_.report('W', "history: " + std::to_string(now_lost - lost_told_) +
                                 " events were lost: the disk took none, or they came faster than they could be "
                                 "written");
        lost_told_ = now_lost;
    }
}

void History::run() {
    pthread_setname_np(pthread_self(), "history");
    // It has time: where threads are more than cores, its waking shall not take a shard's core away.
    constexpr sched_param no_priority{};
    pthread_setschedparam(pthread_self(), SCHED_BATCH, &no_priority);
    for (const std::string& what : files_->recover()) options_.report('W', "history: " + what);
    MonoTime maintained{}, flushed{};
    for (;;) {
        const bool last = stopping_.load();
        const std::uint64_t flush_asked = flush_wanted_.load();
        const bool any = drain();
        const MonoTime now = options_.clock->mono();
        if (last || flush_asked > flush_done_.load() || now - flushed >= flush_every) {
            files_->flush();
            flushed = now;
            flush_done_.store(flush_asked);
            flush_done_.notify_all();
        }
        if (now - maintained >= maintain_every) {
            files_->maintain(options_.clock->wall());
            tell();
            maintained = now;
        }
        if (last) break;
        if (any) {
            wait(busy_look);
            continue;
        }
        for (const auto& recorder : recorders_) recorder->reader_sleeps.store(true, std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_seq_cst);
        if (std::ranges::all_of(recorders_, [](const auto& recorder) { return recorder->empty(); })) wait(idle_look);
        for (const auto& recorder : recorders_) recorder->reader_sleeps.store(false, std::memory_order_relaxed);
    }
    files_->finish();
    tell();
}

}  // namespace sluice::history
