#include "engine/gateway/message_store.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "engine/base/random.hpp"
#include "storage/sim_store.hpp"
#include "tests/gateway/parties.hpp"
#include "tests/gateway/test_clock.hpp"

namespace sluice::gateway {
namespace {

/// A shard's worth of messages driven by hand: what the gateway would do with them, at random, with crashes.
class World {
public:
    explicit World(std::uint64_t seed, MessageStoreConfig bounds = small())
        : random_(seed), seed_(seed), config_(bounds) {
        open();
    }

    static MessageStoreConfig small() {
        MessageStoreConfig config;
        config.max_young = 40;
        config.young_age = seconds(2);
        return config;
    }

    void open() {
        storage::SimOptions options;
        options.seed = random_.next();
        store_ = std::make_unique<storage::SimStore>(disk_, clock_, options);
        MessageStoreConfig config = config_;
        config.load_rows = 16;
        config.receipt_grace = seconds(100'000'000);
        messages_ = std::make_unique<MessageStore>(
            *store_, IdSource(0, 0, 1), config,
            MessageStore::Callbacks{[this](const AfterCommit& then) { committed(then); }, [](Lane&) {},
                                    [this](Message& m) { expired(m); },
                                    [this](Message& m) { awaiting_.insert(m.id); },
                                    [this](Message& m) { asked_.push_back(m.id); }});
        awaiting_ = kept_;
        asked_.clear();
        sending_.clear();
        ASSERT_TRUE(messages_->recover(clock_.now()));
    }

    void crash() {
        store_->crash();
        messages_.reset();
        store_.reset();
        ++crashes_;
        // What had been recorded but was not on disk is open again.
        for (auto& [id, fact] : facts_) fact.in_flight_at_crash = true;
        open();
    }

    void step() {
        clock_.advance(microseconds(random_.below(random_.chance(0.01) ? 5'000'000 : 2000)));
        store_->commit_due(clock_.mono());
        messages_->poll(clock_.now());
        messages_->tick(clock_.now());
        if (random_.chance(0.1)) {  // the index answers
            for (const MessageId id : asked_) {
                kept_.insert(id);
                messages_->kept(id);
            }
            asked_.clear();
        }
        switch (random_.below(10)) {
            case 0: case 1: case 2: if (accepting_) accept(); break;
            case 3: case 4: case 5: send(); break;
            case 6: case 7: conclude(); break;
            default: receipt();
        }
        messages_->for_each_lane([this](Lane& lane) { messages_->load_more(lane); });
        messages_->end_of_turn();
    }

    void drain() {
        accepting_ = false;
        for (int i = 0; i < 300'000 && !empty(); ++i) step();
        for (int i = 0; i < 50; ++i) {  // the last commits
            clock_.advance(milliseconds(50));
            store_->commit_due(clock_.mono());
            messages_->poll(clock_.now());
            messages_->end_of_turn();
        }
    }

    bool empty() {
        bool lanes_empty = true;
        messages_->for_each_lane([&](Lane& lane) { lanes_empty = lanes_empty && lane.empty(); });
        return lanes_empty && messages_->in_memory() == 0 && awaiting_.empty() &&
               disk_.table(storage::Table::message).empty() && messages_->idle();
    }

    void check() {
        EXPECT_TRUE(empty());
        for (const auto& [id, fact] : facts_) {
            if (!fact.acknowledged) continue;
            EXPECT_GE(fact.forwarded, 1) << "lost: " << id << " seed " << seed_;
            EXPECT_GE(fact.reported, 1) << "no receipt: " << id << " seed " << seed_;
            EXPECT_LE(fact.forwarded, 1 + crashes_) << id;
        }
        EXPECT_TRUE(disk_.table(storage::Table::message).empty());
        EXPECT_TRUE(disk_.table(storage::Table::queue).empty());
        EXPECT_LE(disk_.table(storage::Table::meta).size(), 1u);  // the highest id
    }

    std::size_t accepted() const { return facts_.size(); }
    std::size_t most_in_memory() const { return most_in_memory_; }
    std::size_t settled() const { return settled_; }

private:
    struct Fact {
        bool acknowledged = false;
        bool in_flight_at_crash = false;
        int forwarded = 0;
        int reported = 0;
    };

    void accept() {
        Message m;
        m.account = customer;
        m.provider = random_.chance(0.5) ? provider_a : provider_b;
        m.priority = static_cast<std::uint8_t>(random_.below(2));
        m.registered_delivery = 1;
        m.accepted_at = clock_.wall();
        m.expires_at = clock_.wall() + std::chrono::hours(24 * 365);
        if (random_.chance(0.1)) m.due_at = clock_.wall() + milliseconds(random_.below(20'000));
        m.set_body(std::vector<std::uint8_t>(random_.below(200), 'x'));
        AfterCommit then;
        then.what = AfterCommit::What::accepted;
        facts_[messages_->accept(std::move(m), then, clock_.now())];
    }

    void committed(const AfterCommit& then) {
        if (then.message == 0) return;
        if (then.what == AfterCommit::What::accepted) facts_.at(then.message).acknowledged = true;
        messages_->enqueue(then, clock_.now());
    }

    void send() {
        const PartyId party = random_.chance(0.4) ? customer : random_.chance(0.5) ? provider_a : provider_b;
        for (std::uint8_t priority : {1, 0}) {
            Lane& lane = messages_->lane(party, priority);
            Message* m = lane.head();
            if (m == nullptr) continue;
            if (random_.chance(0.05)) {  // replace_sm
                m->set_body(std::vector<std::uint8_t>(random_.below(200), 'y'));
                messages_->replaced(*m);
            }
            messages_->sending(*m);
            sending_.push_back(m->self);
            most_in_memory_ = std::max(most_in_memory_, messages_->in_memory());
            settled_ = std::max<std::size_t>(settled_, disk_.table(storage::Table::message).size());
            return;
        }
    }

    void conclude() {
        if (sending_.empty()) return;
        const std::size_t at = random_.below(sending_.size());
        Message* m = messages_->find(sending_[at]);
        sending_.erase(sending_.begin() + static_cast<std::ptrdiff_t>(at));
        ASSERT_NE(m, nullptr);
        const bool retried = random_.chance(0.2);
        if (retried && random_.chance(0.3)) return messages_->requeue(*m);
        if (retried) {
            m->due_at = clock_.wall() + milliseconds(random_.below(10'000));
            return messages_->retry(*m);
        }
        Fact& fact = facts_[m->id];
        if (m->leg == Leg::report) {
            ++fact.reported;
            return messages_->done(*m);
        }
        if (random_.chance(0.1)) return messages_->reroute(*m, m->provider == provider_a ? provider_b : provider_a);
        ++fact.forwarded;
        m->provider_id = std::to_string(m->id);
        awaiting_.insert(m->id);
        messages_->sent(*m);
        messages_->indexed(*m);
    }

    void receipt() {
        if (awaiting_.empty()) return;
        auto at = awaiting_.begin();
        std::advance(at, static_cast<std::ptrdiff_t>(random_.below(std::min<std::size_t>(awaiting_.size(), 30))));
        const MessageId id = *at;
        awaiting_.erase(at);
        const auto apply = [this, id](Message* m) {
            if (m == nullptr) {  // the index kept it longer than need be
                EXPECT_GE(facts_.at(id).reported, 1) << "awaiting, but not to be found: " << id << " seed " << seed_;
                return;
            }
            if (m->stage != Stage::awaiting || m->leg != Leg::forward) return;
            m->final_state = smpp::MessageState::delivered;
            m->done_at = clock_.wall();
            m->expires_at = clock_.wall() + std::chrono::hours(24 * 365);
            messages_->report(*m, clock_.now());
        };
        if (Message* m = messages_->find(id)) apply(m);
        else messages_->fetch(id, apply);
    }

    void expired(Message& m) { FAIL() << "expired too early: " << m.id; }

    TestClock clock_;
    storage::SimDisk disk_;
    Random random_;
    std::uint64_t seed_;
    MessageStoreConfig config_;
    std::unique_ptr<storage::SimStore> store_;
    std::unique_ptr<MessageStore> messages_;
    std::map<MessageId, Fact> facts_;
    std::set<MessageId> awaiting_;  ///< what a receipt index in memory knows
    std::set<MessageId> kept_;      ///< what it has on disk
    std::vector<MessageId> asked_;
    std::vector<Handle> sending_;
    bool accepting_ = true;
    int crashes_ = 0;
    std::size_t most_in_memory_ = 0;
    std::size_t settled_ = 0;
};

TEST(MessageStore, LivesWithoutCrashes) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        World world(seed);
        for (int i = 0; i < 5000; ++i) world.step();
        world.drain();
        world.check();
        EXPECT_GT(world.accepted(), 1000u);
        EXPECT_GT(world.settled(), 20u);  // or the test would not have tried what it is for
        if (::testing::Test::HasFailure()) FAIL() << "seed " << seed;
    }
}

TEST(MessageStore, LosesNothingInCrashes) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        World world(seed * 7919);
        Random when(seed);
        for (int i = 0; i < 5000; ++i) {
            world.step();
            if (when.chance(0.002)) world.crash();
        }
        world.drain();
        world.check();
        if (::testing::Test::HasFailure()) FAIL() << "seed " << seed;
    }
}

/// What a start reads is bounded, though there were time and memory for more.
TEST(MessageStore, AJournalThatGrowsIsEmptied) {
    for (const bool bounded : {true, false}) {
        MessageStoreConfig config;
        config.young_age = seconds(1'000'000);
        if (bounded) config.max_journal = 20'000;
        World world(bounded ? 3 : 4, config);
        for (int i = 0; i < 20'000; ++i) {
            world.step();
            if (i % 7000 == 6999) world.crash();
        }
        EXPECT_EQ(world.settled() > 20, bounded);
        EXPECT_EQ(world.settled() == 0, !bounded) << "something else settles them";
        world.drain();
        world.check();
    }
}

}  // namespace
}  // namespace sluice::gateway
