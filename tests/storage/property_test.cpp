// Random batches against a model made of maps, with the store closed, opened again and, simulated, crashed in between.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <map>

#include "tests/storage/harness.hpp"

namespace sluice::storage {
namespace {

struct Change {
    bool put;
    Table table;
    Key key;
    std::uint32_t size;
};

struct Step {
    enum class Kind { submit, wait, reopen, crash };
    Kind kind;
    std::vector<Change> changes;
    std::uint32_t journal_size;
    std::uint32_t keeps;  ///< segments not released
    std::vector<LoadRequest> loads;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
    constexpr std::array kinds{"submit", "wait", "reopen", "crash"};
    out << kinds[static_cast<std::size_t>(step.kind)] << " {journal " << step.journal_size << " keeps " << step.keeps;
    for (const Change& c : step.changes)
        out << (c.put ? "; put " : "; erase ") << static_cast<int>(c.table) << ':' << c.key.high << ',' << c.key.low
            << " size " << c.size;
    for (const LoadRequest& l : step.loads)
        out << "; load " << static_cast<int>(l.table) << ':' << l.first.high << ',' << l.first.low << " to "
            << l.last.high << ',' << l.last.low << " limit " << l.limit << " max " << l.max_bytes
            << (l.follow ? " follow" : "");
    return out << "}";
}

rc::Gen<Table> any_table() {
    return rc::gen::element(Table::message, Table::queue, Table::held, Table::meta);
}

/// Few keys, so that they meet each other; some far apart.
rc::Gen<Key> any_key() {
    return rc::gen::construct<Key>(rc::gen::element<std::uint64_t>(0, 1, 255, 256, UINT64_MAX),
                                   rc::gen::inRange<std::uint64_t>(0, 12));
}

/// Queue rows are mostly 8 octets, which are made to name one of the few message keys.
rc::Gen<std::uint32_t> any_size() {
    return rc::gen::weightedElement<std::uint32_t>({{10, 8}, {4, 0}, {4, 300}, {2, 2030}, {1, 4081}, {1, 30000}});
}

rc::Gen<Step> any_step() {
    const auto change = rc::gen::construct<Change>(rc::gen::weightedElement<bool>({{3, true}, {2, false}}), any_table(),
                                                   any_key(), any_size());
    const auto load = rc::gen::map(
        rc::gen::tuple(any_table(), any_key(), any_key(), rc::gen::inRange<std::uint32_t>(0, 30),
                       rc::gen::element<std::uint32_t>(1, 500, 1 << 20), rc::gen::arbitrary<bool>()),
        [](const auto& t) {
            const auto& [table, first, last, limit, max_bytes, follow] = t;
            return LoadRequest{first.low + 7, table, first, last, limit, max_bytes, follow};
        });
    using Kind = Step::Kind;
    return rc::gen::construct<Step>(
        rc::gen::weightedElement<Kind>({{10, Kind::submit}, {4, Kind::wait}, {1, Kind::reopen}, {1, Kind::crash}}),
        rc::gen::container<std::vector<Change>>(change),
        rc::gen::element<std::uint32_t>(0, 0, 1, 100, 2023, 4080, 4081, 50000), rc::gen::inRange<std::uint32_t>(0, 5),
        rc::gen::container<std::vector<LoadRequest>>(load));
}

std::vector<std::uint8_t> value_for(std::uint64_t number, const Change& change) {
    std::vector<std::uint8_t> value(change.size);
    if (change.table == Table::queue && change.size == 8) {
        value[0] = static_cast<std::uint8_t>(number % 12);  // the low half of a message key, little-endian
    } else {
        for (std::size_t i = 0; i < value.size(); ++i) value[i] = static_cast<std::uint8_t>(number * 31 + i);
    }
    return value;
}

struct Model {
    using Bytes = std::vector<std::uint8_t>;
    std::vector<Segment> journal;
    std::array<std::map<Key, Bytes>, table_count> tables;

    void commit(const Step& step, std::uint64_t number) {
        if (step.journal_size > 0)
            journal.push_back({number, Bytes(step.journal_size, static_cast<std::uint8_t>(number))});
        std::erase_if(journal, [&](const Segment& s) { return s.number + step.keeps < number; });
        for (const Change& change : step.changes) {
            auto& rows = tables[static_cast<std::size_t>(change.table)];
            if (change.put)
                rows[change.key] = value_for(number, change);
            else
                rows.erase(change.key);
        }
    }

    /// The rows and whether there are more.
    std::pair<std::vector<Row>, bool> load(const LoadRequest& request) const {
        std::vector<Row> rows;
        std::size_t bytes = 0;
        for (const auto& [key, value] : tables[static_cast<std::size_t>(request.table)]) {
            if (key < request.first || key > request.last) continue;
            if (rows.size() >= request.limit || bytes >= request.max_bytes) return {rows, true};
            Bytes shown = value;
            if (request.follow && request.table == Table::queue) {
                const auto& messages = tables[static_cast<std::size_t>(Table::message)];
                const auto message = value.size() == 8 ? messages.find({0, value[0]}) : messages.end();
                shown = message == messages.end() ? Bytes{} : message->second;
            }
            rows.push_back({key, shown});
            bytes += shown.size();
        }
        return {rows, false};
    }
};

Batch batch_of(const Step& step, std::uint64_t number) {
    Batch batch;
    batch.number = number;
    batch.journal.append(repeated(step.journal_size, static_cast<std::uint8_t>(number)));
    batch.release_before = number > step.keeps ? number - step.keeps : 0;
    batch.loads = step.loads;
    for (const Change& change : step.changes) {
        if (change.put)
            batch.put(change.table, change.key, value_for(number, change));
        else
            batch.erase(change.table, change.key);
    }
    return batch;
}

template <class Harness>
class Comparison {
public:
    void run(const std::vector<Step>& steps) {
        for (const Step& step : steps) {
            switch (step.kind) {
            case Step::Kind::submit: submit(step); break;
            case Step::Kind::wait: wait_for_one(); break;
            case Step::Kind::reopen:
                harness_.reopen();
                check_after_reopening(submitted_);
                break;
            case Step::Kind::crash: crash(); break;
            }
        }
        harness_.reopen();
        check_after_reopening(submitted_);
    }

private:
    void submit(const Step& step) {
        if (submitted_ - completed_ == Store::max_in_flight) wait_for_one();
        Model next = models_.back();
        ++submitted_;
        next.commit(step, submitted_);
        models_.push_back(std::move(next));
        harness_.store().submit(batch_of(step, submitted_));
    }

    void wait_for_one() {
        if (completed_ == submitted_) return;
        const Completion completion = harness_.wait();
        models_.erase(models_.begin());
        RC_ASSERT(completion.batch.number == ++completed_);
        RC_ASSERT(completion.loads.size() == completion.batch.loads.size());
        for (std::size_t i = 0; i < completion.loads.size(); ++i) {
            const auto [rows, more] = models_.front().load(completion.batch.loads[i]);
            RC_ASSERT(completion.loads[i].tag == completion.batch.loads[i].tag);
            RC_ASSERT((rows_of(completion.loads[i]) == rows));
            RC_ASSERT(completion.loads[i].more == more);
        }
    }

    void crash() {
        if constexpr (requires { harness_.crash(); }) {
            harness_.crash();
            const std::uint64_t survived = harness_.store().next_batch() - 1;
            RC_ASSERT(survived >= completed_ && survived <= submitted_);
            check_after_reopening(survived);
        }
    }

    void check_after_reopening(std::uint64_t last) {
        Store& store = harness_.store();
        RC_ASSERT(store.next_batch() == last + 1);
        Model survivor = models_.at(last - completed_);
        RC_ASSERT((journal_of(store) == survivor.journal));
        for (const Table table : {Table::message, Table::queue, Table::held, Table::meta}) {
            const LoadRequest all = everything_of(table);
            RC_ASSERT((rows_of(store.load_now(all)) == survivor.load(all).first));
        }
        models_ = {std::move(survivor)};
        submitted_ = completed_ = last;
    }

    Harness harness_;
    /// After the last completed batch, and after each of those under way.
    std::vector<Model> models_ = std::vector<Model>(1);
    std::uint64_t submitted_ = 0;
    std::uint64_t completed_ = 0;
};

TEST(Property, TheSimulatedStoreIsTheModel) {
    EXPECT_TRUE(rc::check("simulated store", [] {
        Comparison<SimHarness>().run(*rc::gen::container<std::vector<Step>>(any_step()));
    }));
}

TEST(Property, TheLmdbStoreIsTheModel) {
    EXPECT_TRUE(rc::check("LMDB store", [] {  // shorter: every wait is a sync
        const auto steps = rc::gen::scale(0.2, rc::gen::container<std::vector<Step>>(any_step()));
        Comparison<LmdbHarness>().run(*steps);
    }));
}

TEST(Property, TheLmdbStoreWithWritesByItsOwnerIsTheModel) {
    EXPECT_TRUE(rc::check("LMDB store, owner writes", [] {
        auto steps = *rc::gen::scale(0.2, rc::gen::container<std::vector<Step>>(any_step()));
        for (Step& step : steps) {
            if (!*rc::gen::element(true, true, true, false)) continue;
            step.changes.clear();  // as most batches of a gateway are: a segment and nothing else
            step.loads.clear();
        }
        Comparison<OwnerWritingHarness>().run(steps);
    }));
}

}  // namespace
}  // namespace sluice::storage
