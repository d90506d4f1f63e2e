#include "engine/gateway/redeal.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <compare>
#include <map>
#include <memory>
#include <set>

#include "engine/base/random.hpp"
#include "engine/gateway/message_store.hpp"
#include "engine/gateway/receipt_index.hpp"
#include "engine/gateway/wire.hpp"
#include "storage/lmdb_store.hpp"
#include "tests/gateway/parties.hpp"
#include "tests/gateway/test_clock.hpp"
#include "tests/sim/deal_disks.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace sluice::gateway {
namespace {

/// What must be the same of a message whatever the number of shards.
struct Facts {
    MessageId shown_id = 0;
    std::uint64_t position = 0;  ///< 0 unless it is queued
    PartyId account = 0, provider = 0;
    Kind kind{};
    Leg leg{};
    Stage stage{};
    smpp::MessageState final_state{};
    int priority = 0, attempts = 0, registered_delivery = 0;
    bool maybe_duplicate = false;
    WallTime accepted_at{}, expires_at{}, due_at{}, done_at{};  ///< due_at while it waits
    std::string error, provider_id, body;
    friend bool operator==(const Facts&, const Facts&) = default;
};

Facts facts_of(const Message& m, WallTime now) {
    Facts f;
    f.shown_id = m.shown_id;
    const bool due = m.stage == Stage::waiting && m.due_at <= now;  // queued as soon as anybody looks
    f.stage = due || m.stage == Stage::sending || m.stage == Stage::committing ? Stage::queued : m.stage;
    if (f.stage == Stage::queued) f.position = m.position;
    f.account = m.account;
    f.provider = m.provider;
    f.kind = m.kind;
    f.leg = m.leg;
    f.final_state = m.final_state;
    f.priority = m.priority;
    f.attempts = m.attempts;
    f.registered_delivery = m.registered_delivery;
    f.maybe_duplicate = m.maybe_duplicate;
    f.accepted_at = m.accepted_at;
    f.expires_at = m.expires_at;
    if (f.stage == Stage::waiting) f.due_at = m.due_at;
    f.done_at = m.done_at;
    f.error = m.error_text();
    f.provider_id = m.provider_id;
    f.body = as_text(m.body_view());
    return f;
}

using Disks = std::vector<storage::SimDisk>;

/// What a receipt index would know a message by.
std::uint64_t receipt_key(MessageId id) { return id * 0x9E3779B97F4A7C15u | 1; }

/// The message stores and receipt indexes of some shards, driven by hand.
class Shards {
public:
    Shards(Disks& disks, TestClock& clock, std::uint64_t seed) : disks_(disks), clock_(clock), random_(seed) {
        for (std::uint32_t i = 0; i < disks.size(); ++i) {
            storage::SimOptions options;
            options.seed = random_.next();
            auto& s = shards_.emplace_back(std::make_unique<One>());
            s->store = std::make_unique<storage::SimStore>(disks[i], clock, options);
            MessageStoreConfig config;
            config.max_young = 20;
            config.young_age = seconds(2);
            config.load_rows = 16;
            s->messages = std::make_unique<MessageStore>(
                *s->store, IdSource(0, i, static_cast<std::uint32_t>(disks.size())), config,
                MessageStore::Callbacks{[this, one = s.get()](const AfterCommit& then) { committed(*one, then); },
                                        [](Lane&) {}, [](Message& m) { FAIL() << "expired: " << m.id; },
                                        [this](Message& m) { index(m); }, [this](Message& m) { keep(m); }});
            s->index = std::make_unique<ReceiptIndex>(*s->messages, ReceiptIndex::Config{20, 3});
            EXPECT_TRUE(s->index->recover(clock.wall()));
        }
        for (auto& s : shards_) EXPECT_TRUE(s->messages->recover(clock.now()));
    }

    /// One thing happens at one shard, at random.
    void step() {
        clock_.advance(microseconds(random_.below(random_.chance(0.01) ? 5'000'000 : 2000)));
        for (auto& s : shards_) turn(*s);
        One& s = *shards_[random_.below(shards_.size())];
        switch (random_.below(10)) {
            case 0: case 1: case 2: accept(s); break;
            case 3: case 4: case 5: send(s); break;
            case 6: case 7: conclude(s); break;
            case 8: receipt(s); break;
            default: hold(s);
        }
        end(s);
    }
    void crash() {
        for (auto& s : shards_) s->store->crash();
        shards_.clear();
    }
    /// Until the store says nothing new: what the lanes and times of all shards bring to memory.
    void settle_down() {
        for (int i = 0; i < 200; ++i) {
            clock_.advance(milliseconds(5));
            for (auto& s : shards_) turn(*s), end(*s);
        }
    }

    /// Every message there is, in memory or on disk.
    std::map<MessageId, Facts> everything() {
        std::map<MessageId, Facts> all;
        for (std::size_t i = 0; i < shards_.size(); ++i) {
            for (const auto& [key, value] : disks_[i].table(storage::Table::message)) {
                Message m;
                EXPECT_TRUE(read_snapshot(value, m));
                if (m.lane_row != 0) m.stage = Stage::queued;
                EXPECT_EQ(home_shard(m.id, static_cast<std::uint32_t>(shards_.size())), i);
                all[m.id] = facts_of(m, clock_.wall());
            }
            shards_[i]->messages->for_each_in_memory([&](Message& m) {
                EXPECT_EQ(home_shard(m.id, static_cast<std::uint32_t>(shards_.size())), i);
                all[m.id] = facts_of(m, clock_.wall());
            });
        }
        return all;
    }
    /// Does the receipt index know it?
    bool knows(MessageId id) {
        ReceiptIndex& index = *part(receipt_key(id)).index;
        MessageId found = 0;
        bool done = index.find(receipt_key(id), found) != ReceiptIndex::Where::on_disk;
        if (!done) {
            index.look_up(receipt_key(id), [&](MessageId its) {
                found = its;
                done = true;
            });
        }
        for (int i = 0; i < 100 && !done; ++i) {
            clock_.advance(milliseconds(5));
            for (auto& s : shards_) turn(*s), end(*s);
        }
        EXPECT_TRUE(done);
        return found == id;
    }
    MessageId next_id(std::size_t shard) { return shards_[shard]->messages->ids().next(clock_.wall()); }

private:
    struct One {
        std::unique_ptr<storage::SimStore> store;
        std::unique_ptr<MessageStore> messages;
        std::unique_ptr<ReceiptIndex> index;
        std::set<MessageId> awaiting;
        std::vector<Handle> sending;
    };

    One& part(std::uint64_t key) { return *shards_[key % shards_.size()]; }
    void index(Message& m) {
        shards_[home_shard(m.id, static_cast<std::uint32_t>(shards_.size()))]->awaiting.insert(m.id);
        part(m.receipt_key).index->put(m.receipt_key, m.id, m.expires_at);
    }
    void keep(Message& m) {
        One& its = part(m.receipt_key);
        its.index->keep(m.receipt_key, m.id);
        AfterCommit then;
        then.what = AfterCommit::What::kept;
        then.message = m.id;
        its.messages->after_commit(then);
    }
    void committed(One& s, const AfterCommit& then) {
        const MessageId id = then.message;
        if (then.what == AfterCommit::What::kept)
            shards_[home_shard(id, static_cast<std::uint32_t>(shards_.size()))]->messages->kept(id);
        else if (id != 0)
            s.messages->enqueue(then, clock_.now());
    }
    void end(One& s) {
        s.index->work(clock_.wall());
        s.messages->end_of_turn();
    }

    void turn(One& s) {
        s.store->commit_due(clock_.mono());
        s.messages->poll(clock_.now());
        s.messages->tick(clock_.now());
        s.messages->for_each_lane([&](Lane& lane) { s.messages->load_more(lane); });
    }
    void accept(One& s) {
        Message m;
        m.account = customer;
        m.provider = random_.chance(0.5) ? provider_a : provider_b;
        m.priority = static_cast<std::uint8_t>(random_.below(4));
        m.registered_delivery = 1;
        m.accepted_at = clock_.wall();
        m.expires_at = clock_.wall() + std::chrono::hours(24 * 365);
        if (random_.chance(0.05)) m.kind = Kind::originated;
        else if (random_.chance(0.2)) m.due_at = clock_.wall() + milliseconds(random_.below(100'000));
        m.set_body(std::vector<std::uint8_t>(random_.below(200), 'x'));
        s.messages->accept(std::move(m), {}, clock_.now());
    }
    void send(One& s) {
        s.messages->for_each_lane([&](Lane& lane) {
            Message* m = lane.head();
            if (m == nullptr || random_.chance(0.5)) return;
            s.messages->sending(*m);
            s.sending.push_back(m->self);
        });
    }
    void conclude(One& s) {
        if (s.sending.empty()) return;
        Message* m = s.messages->find(s.sending.back());
        s.sending.pop_back();
        ASSERT_NE(m, nullptr);
        switch (random_.below(6)) {
            case 0: return s.messages->requeue(*m);
            case 1:
                m->due_at = clock_.wall() + milliseconds(random_.below(50'000));
                ++m->attempts;
                m->maybe_duplicate = random_.chance(0.5);
                return s.messages->retry(*m);
            case 2:
                if (m->to_account()) return s.messages->done(*m);
                return s.messages->reroute(*m, m->provider == provider_a ? provider_b : provider_a);
            default:
                if (m->to_account()) return s.messages->done(*m);
                m->provider_id = std::to_string(m->id);
                m->receipt_key = receipt_key(m->id);
                s.messages->sent(*m);
                index(*m);
                return s.messages->indexed(*m);
        }
    }
    void receipt(One& s) {
        if (s.awaiting.empty() || random_.chance(0.5)) return;
        const MessageId id = *s.awaiting.begin();
        s.awaiting.erase(id);
        const auto apply = [this, &s](Message* m) {
            ASSERT_NE(m, nullptr);
            m->final_state = smpp::MessageState::delivered;
            m->set_error("007");
            m->done_at = clock_.wall();
            m->expires_at = clock_.wall() + std::chrono::hours(24 * 365);
            s.messages->report(*m, clock_.now());
        };
        if (Message* m = s.messages->find(id)) apply(m);
        else s.messages->fetch(id, apply);
    }
    void hold(One& s) {
        if (random_.chance(0.7)) return;
        const std::size_t shards = shards_.size();
        const std::size_t shard = static_cast<std::size_t>(
            std::ranges::find_if(shards_, [&](auto& other) { return other.get() == &s; }) - shards_.begin());
        const std::uint64_t key =
            random_.chance(0.2) ? 0 : random_.below(1000) * shards + shard + (shard == 0 ? shards : 0);
        const std::uint64_t row = s.messages->ids().next(clock_.wall());
        s.messages->put_row(storage::Table::held, {key, row}, as_bytes("held " + std::to_string(key)));
    }

    Disks& disks_;
    TestClock& clock_;
    Random random_;
    std::vector<std::unique_ptr<One>> shards_;
};

/// Some life, ended by a crash.
void live(Disks& disks, TestClock& clock, std::uint64_t seed, int steps = 1500) {
    Shards shards(disks, clock, seed);
    for (int i = 0; i < steps; ++i) shards.step();
    shards.crash();
}

std::map<storage::Key, std::string> held_rows(const Disks& disks) {
    std::map<storage::Key, std::string> all;
    for (const auto& disk : disks)
        for (const auto& [key, value] : disk.table(storage::Table::held)) all[key] = as_text(value);
    return all;
}

/// Rows of one shard's disk agree with each other, and everything on it is settled.
void expect_sound(const storage::SimDisk& disk) {
    std::map<std::uint64_t, std::uint64_t> lanes;
    std::size_t timed = 0;
    EXPECT_TRUE(disk.journal().empty());
    for (const auto& [key, value] : disk.table(storage::Table::queue)) {
        MessageId id = 0;
        ASSERT_EQ(value.size(), sizeof id);
        std::memcpy(&id, value.data(), sizeof id);
        const auto row = disk.table(storage::Table::message).find({0, id});
        ASSERT_NE(row, disk.table(storage::Table::message).end()) << "a row of nothing: " << id;
        Message m;
        ASSERT_TRUE(read_snapshot(row->second, m));
        EXPECT_TRUE(m.has_row);
        if (key.high >> 56 == lane_tag) {
            ++lanes[key.high];
            EXPECT_EQ(key.high, m.lane_row);
            EXPECT_EQ(key.high, lane_key(m.destination(), m.priority));
            EXPECT_EQ(key.low, m.position);
            EXPECT_EQ(m.stage, Stage::queued);
        } else {
            ++timed;
            EXPECT_EQ(key.high, m.time_row);
            EXPECT_EQ(key.low, m.id);
        }
    }
    EXPECT_EQ(timed, disk.table(storage::Table::message).size());  // each is looked at again one day
    for (const auto& [key, value] : disk.table(storage::Table::meta)) {
        if (key.high != 1) continue;
        std::uint64_t rows = 0;
        std::memcpy(&rows, value.data(), sizeof rows);
        EXPECT_EQ(rows, lanes[key.low]);
        lanes.erase(key.low);
    }
    EXPECT_TRUE(lanes.empty()) << "a lane that nobody counts";
}

TEST(Redeal, EveryMessageIsAsItWasWhateverTheNumberOfShards) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        TestClock clock;
        Disks disks(1);
        for (const std::uint32_t shards : {4u, 2u, 3u, 1u, 7u}) {
            live(disks, clock, seed);
            // Two readings of one moment: by shards as they were, on copies of their disks, and by the new ones.
            Disks copies = disks;
            Shards before(copies, clock, 1);
            const auto wanted = before.everything();
            const auto held = held_rows(disks);
            auto dealt = sim::deal_disks(disks, shards, clock);
            ASSERT_TRUE(dealt);
            for (const auto& disk : *dealt) expect_sound(disk);
            EXPECT_EQ(held_rows(*dealt), held);
            for (std::uint32_t i = 0; i < shards; ++i)
                for (const auto& [key, value] : (*dealt)[i].table(storage::Table::held))
                    EXPECT_EQ(key.high % shards, i);

            Shards after(*dealt, clock, 2);
            const auto found = after.everything();
            ASSERT_EQ(found.size(), wanted.size());
            std::size_t waiting = 0, awaiting = 0, reports = 0;
            for (const auto& [id, facts] : wanted) {
                EXPECT_TRUE(found.at(id) == facts) << id << " stage " << int(facts.stage) << " became "
                                                   << int(found.at(id).stage);
                waiting += facts.stage == Stage::waiting;
                awaiting += facts.stage == Stage::awaiting;
                reports += facts.leg == Leg::report;
            }
            EXPECT_GT(waiting, 5u);  // or this test would not have tried what it is for
            EXPECT_GT(awaiting, 5u);
            EXPECT_GT(reports, 5u);
            before.settle_down();
            after.settle_down();
            for (const auto& [id, facts] : wanted)
                EXPECT_TRUE(facts.stage != Stage::awaiting || after.knows(id))
                    << id << ": the receipt index is not whole";

            const MessageId newest = wanted.rbegin()->first;
            for (std::uint32_t i = 0; i < shards; ++i) EXPECT_GT(after.next_id(i) >> 16, newest >> 16);
            after.crash();
            disks = std::move(*dealt);
            if (::testing::Test::HasFailure()) FAIL() << "seed " << seed << ", " << shards << " shards";
        }
    }
}

TEST(Redeal, StoppedAnywhereItIsDoneAgain) {
    TestClock clock;
    Disks disks(3);
    live(disks, clock, 5);
    const auto whole = sim::deal_disks(disks, 4, clock);
    ASSERT_TRUE(whole);
    std::size_t stops = 0;
    for (;; ++stops) {
        auto dealt = sim::deal_disks(disks, 4, clock, stops);
        if (!dealt) continue;
        for (std::size_t i = 0; i < dealt->size(); ++i) {
            for (const auto table : {storage::Table::message, storage::Table::queue, storage::Table::held,
                                     storage::Table::meta, storage::Table::receipt})
                EXPECT_TRUE((*dealt)[i].table(table) == (*whole)[i].table(table));
        }
        break;
    }
    EXPECT_EQ(stops, 4u);  // one commit a shard
}

TEST(Redeal, ADiskThatIsFullIsAnErrorAndNotAWait) {
    TestClock clock;
    Disks from(1), to(2);
    live(from, clock, 6);
    std::vector<std::unique_ptr<storage::Store>> stores;
    for (auto& disk : to) {
        auto store = std::make_unique<sim::ImpatientStore>(disk, clock);
        store->set_stalled(true);
        stores.push_back(std::move(store));
    }
    Deal deal(std::move(stores));
    sim::ImpatientStore store(from[0], clock);
    ASSERT_TRUE(deal.take(store));
    EXPECT_FALSE(deal.finish());
}

// ---- with a data directory and LMDB

constexpr std::uint64_t many = 20'000;

Result<std::unique_ptr<storage::Store>> open_lmdb(const std::string& path) {
    return storage::LmdbStore::open({.path = path, .max_bytes = std::uint64_t{1} << 30});
}

void commit(storage::Store& store, storage::Batch batch) {
    batch.number = store.next_batch();
    store.submit(std::move(batch));
    storage::Completion completion;
    while (!store.poll(completion)) ::usleep(100);
}

/// A generation of two shards with `many` queued messages, half of them in the journal.
void fill(storage::DataDirectory& directory) {
    auto generation = directory.current_or_first(2, 0);
    ASSERT_TRUE(generation);
    for (std::uint32_t shard = 0; shard < 2; ++shard) {
        auto store = open_lmdb(generation->shard_directory(shard));
        ASSERT_TRUE(store);
        IdSource ids(0, shard, 2);
        storage::Batch batch;
        const WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 4);
        for (std::uint64_t i = 0; i < many / 2; ++i) {
            Message m;
            m.id = m.shown_id = m.position = ids.next(now + microseconds(i));
            m.account = customer;
            m.provider = provider_a;
            m.stage = Stage::queued;
            m.expires_at = now + std::chrono::hours(24);
            m.set_body(std::vector<std::uint8_t>(100, static_cast<std::uint8_t>(i)));
            if (i % 2 == 0) {
                write_snapshot(batch.journal, m);
                continue;
            }
            m.lane_row = lane_key(provider_a, 0);
            batch.put(storage::Table::queue, {m.lane_row, m.position},
                      {reinterpret_cast<const std::uint8_t*>(&m.id), 8});
            std::vector<std::uint8_t> row;
            encode_row(row, m);
            batch.put(storage::Table::message, {0, m.id}, row);
        }
        commit(**store, std::move(batch));
    }
}

/// Counts the messages of the current generation, each at its home.
std::uint64_t count(const storage::Generation& generation) {
    std::uint64_t messages = 0;
    for (std::uint32_t shard = 0; shard < generation.shards; ++shard) {
        auto store = open_lmdb(generation.shard_directory(shard));
        EXPECT_TRUE(store);
        storage::LoadRequest request;
        request.last = {0, UINT64_MAX};
        request.limit = UINT32_MAX;
        request.max_bytes = UINT32_MAX;
        const storage::LoadResult rows = (*store)->load_now(request);
        for (const storage::LoadedRow& row : rows.rows) {
            Message m;
            EXPECT_TRUE(read_snapshot(rows.value(row), m));
            EXPECT_EQ(m.id, row.key.low);
            EXPECT_EQ(home_shard(m.id, generation.shards), shard);
            EXPECT_EQ(m.body.size(), 100u);
            ++messages;
        }
    }
    return messages;
}

TEST(Redeal, KilledWithinItTheOldGenerationIsWhole) {
    storage::TemporaryDirectory parent;
    const std::string path = parent / "data";
    {
        auto directory = storage::DataDirectory::open(path);
        ASSERT_TRUE(directory);
        fill(*directory);
    }
    Random random(11);
    int killed = 0;
    std::uint32_t shards = 2;
    for (int round = 0; round < 12; ++round) {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            auto directory = storage::DataDirectory::open(path);
            SLUICE_CHECK(directory.has_value());
            const storage::Generation from = *directory->current();
            SLUICE_CHECK(redeal(*directory, from, from.shards == 2 ? 3 : 2, open_lmdb).has_value());
            ::_exit(0);
        }
        ::usleep(static_cast<useconds_t>(random.below(120'000)));
        ::kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        killed += WIFSIGNALED(status);
        auto directory = storage::DataDirectory::open(path);
        ASSERT_TRUE(directory) << directory.error().message;
        const std::uint32_t now = directory->current()->shards;
        EXPECT_TRUE(now == shards || now == 5 - shards);
        if (!WIFSIGNALED(status)) {
            EXPECT_EQ(now, 5 - shards);
        }
        shards = now;
        EXPECT_EQ(count(*directory->current()) + (directory->current()->number == 1 ? many / 2 : 0), many);
    }
    EXPECT_GT(killed, 0);
    auto directory = storage::DataDirectory::open(path);
    ASSERT_TRUE(directory);
    const auto dealt = redeal(*directory, *directory->current(), 4, open_lmdb);
    ASSERT_TRUE(dealt) << dealt.error().message;
    EXPECT_EQ(dealt->messages, many);
    EXPECT_EQ(count(*directory->current()), many);
}

}  // namespace
}  // namespace sluice::gateway
