// What an outstanding receipt costs: memory, and CPU (the shard's and its committer's together) to put it into the
// index, to have it spilled to a real store, to find it and to erase it.
//
//     build/bench/gateway/receipt_index_bench DIRECTORY [ENTRIES [IN_MEMORY]]
//
// DIRECTORY is made, and must not be a store already. Prints one line a phase.

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "engine/base/random.hpp"
#include "engine/gateway/receipt_index.hpp"
#include "storage/lmdb_store.hpp"

namespace sluice::gateway {
namespace {

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto of = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    return of(usage.ru_utime) + of(usage.ru_stime);
}

/// Private memory; what is mapped of the store's file is the kernel's to take back.
double resident_mib() {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t size = 0, resident = 0, shared = 0;
    statm >> size >> resident >> shared;
    return static_cast<double>((resident - shared) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE))) / (1 << 20);
}

class Bench {
public:
    Bench(std::string directory, std::size_t in_memory) : directory_(std::move(directory)) {
        config_.max_in_memory = in_memory;
        open();
    }

    void open() {
        storage::LmdbOptions options;
        options.path = directory_;
        auto store = storage::LmdbStore::open(std::move(options));
        if (!store) {
            std::fprintf(stderr, "%s\n", store.error().message.c_str());
            std::exit(1);
        }
        store_ = std::move(*store);
        messages_ = std::make_unique<MessageStore>(
            *store_, IdSource(0, 0, 1), MessageStoreConfig{},
            MessageStore::Callbacks{[](const AfterCommit&) {}, [](Lane&) {}, [](Message&) {}, [](Message&) {},
                                    [](Message&) {}});
        index_ = std::make_unique<ReceiptIndex>(*messages_, config_);
        if (!index_->recover(clock_.wall())) std::exit(1);
    }
    void close() {
        index_.reset();
        messages_.reset();
        store_.reset();
    }
    bool turn() {
        const Now now{clock_.mono(), clock_.wall()};
        const bool any = messages_->poll(now);
        index_->work(now.wall);
        messages_->end_of_turn();
        return any;
    }
    /// Until nothing is written any more.
    void settle() {
        for (int quiet = 0; quiet < 100;) {
            if (turn() || !messages_->idle()) quiet = 0;
            else ++quiet;
            std::this_thread::sleep_for(microseconds(50));
        }
    }
    template <class Work>
    void phase(const char* name, std::uint64_t count, Work&& work) {
        const double began = cpu_seconds();
        const auto clock = std::chrono::steady_clock::now();
        work();
        const double cpu = cpu_seconds() - began;
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - clock;
        std::printf("%-30s %9lu  %7.3f us CPU each  %6.2f s  %8zu in memory  %9lu on disk  %2zu runs  ", name, count,
                    1e6 * cpu / static_cast<double>(count), took.count(), index_->in_memory(), index_->on_disk(),
                    index_->runs());
        std::printf("index %6.1f MiB  private %6.1f MiB\n", static_cast<double>(index_->memory()) / (1 << 20),
                    resident_mib());
        std::fflush(stdout);
    }

    void run(std::uint64_t entries) {
        const auto key_of = [](std::uint64_t n) { return Random(n + 1).next() | 1; };
        std::size_t most_in_memory = 0;
        const WallTime until = clock_.wall() + std::chrono::hours(24);
        phase("put, and spilled", entries, [&] {
            for (std::uint64_t n = 0; n < entries; ++n) {
                index_->put(key_of(n), n + 1, until);
                if (n % 64 == 0) turn();
                most_in_memory = std::max(most_in_memory, index_->in_memory());
                // Faster than any disk: a gateway would refuse submits by now.
                while (index_->in_memory() >= config_.max_in_memory) turn();
            }
            settle();
        });
        std::printf("    at most %zu in memory\n", most_in_memory);
        const std::uint64_t some = std::min<std::uint64_t>(entries, 100'000);
        std::uint64_t found = 0;
        Random random(7);
        const auto look_up = [&](auto&& key) {
            found = 0;
            std::uint64_t asked = 0, answered = 0;
            while (answered < some) {
                for (; asked < some && asked - answered < 256; ++asked) {
                    const std::uint64_t its = key();
                    const auto answer = [&](MessageId id) {
                        ++answered;
                        found += id != 0;
                    };
                    MessageId id = 0;
                    switch (index_->find(its, id)) {
                        case ReceiptIndex::Where::here: answer(id); break;
                        case ReceiptIndex::Where::nowhere: answer(0); break;
                        case ReceiptIndex::Where::on_disk: index_->look_up(its, answer);
                    }
                }
                turn();
            }
        };
        phase("looked up, any of them", some, [&] { look_up([&] { return key_of(random.below(entries)); }); });
        std::printf("    found %lu\n", found);
        phase("looked up, unknown", some, [&] { look_up([&] { return random.next() | 1; }); });
        std::printf("    found %lu\n", found);
        phase("put and erased before a spill", some, [&] {
            for (std::uint64_t n = 0; n < some; ++n) {
                index_->put(key_of(entries + n), 1, until);
                index_->erase(key_of(entries + n), 1);
                if (n % 64 == 0) turn();
            }
            settle();
        });
        phase("closed and opened again", 1, [&] {
            close();
            open();
        });
    }

private:
    std::string directory_;
    SystemClock clock_;
    ReceiptIndex::Config config_;
    std::unique_ptr<storage::Store> store_;
    std::unique_ptr<MessageStore> messages_;
    std::unique_ptr<ReceiptIndex> index_;
};

}  // namespace
}  // namespace sluice::gateway

int main(int argc, char** argv) {
    if (argc < 2 || argc > 4) {
        std::fprintf(stderr, "usage: %s DIRECTORY [ENTRIES [IN_MEMORY]]\n", argv[0]);
        return 2;
    }
    const std::uint64_t entries = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
    const std::size_t in_memory = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1'000'000;
    if (entries == 0 || in_memory == 0) return 2;
    sluice::gateway::Bench(argv[1], in_memory).run(entries);
    return 0;
}
