#include "engine/gateway/unowned.hpp"

#include <algorithm>

#include "engine/gateway/compose.hpp"

namespace sluice::gateway {

namespace {
constexpr std::size_t looked_at_per_turn = 256;
constexpr std::size_t lanes = 4;
/// How often databases are asked again for the owners of what is nobody's; and when some could not be asked for.
constexpr seconds ask_again{600}, ask_again_missed{30};
}  // namespace

std::uint64_t Unowned::count() {
    std::uint64_t sum = 0;
    for (const Lane* lane : core_.party(nobody).lanes) sum += lane->size();
    return sum;
}

void Unowned::look_again() {
    once_more_ = false;
    ++round_;
    before_ = core_.messages->ids().next(core_.now().wall);
    look_in_memory_ = true;
    lane_ = 0;
    position_ = 0;
    core_.reactor->wake();
}

void Unowned::look_again_soon() {
    once_more_ = true;
    core_.reactor->wake();
}

Owners Unowned::owners(const Message& m) {
    const auto pdu = smpp::decode<smpp::DeliverSm>(m.body.view(), {true, 255});
    if (!pdu) return {};
    const routing::HomeRequest request = home_request(core_, core_.party(m.provider), *pdu);
    if (!must_ask(core_, request)) return owners_of(core_, request);
    ++lookups_;
    core_.number_owners->find(question_of(request), [this, reactor = core_.reactor, asked_by = core_.snapshot, request,
                                                      id = m.id](const auto& answer) {
        reactor->post([this, asked_by, request, id, answer] {
            --lookups_;
            if (core_.snapshot != asked_by) return;  // it is looked at again anyway
            const Owners found = owners_of(core_, request, &answer);
            if (found.count > 0) give_later(id, found);
        });
    });
    return {};
}

/// The first owner gets the message itself, others copies, all in one batch.
void Unowned::give(Message& m, const Owners& owners) {
    for (std::uint8_t i = 1; i < owners.count; ++i) {
        Message copy;
        copy.kind = Kind::originated;
        copy.account = owners.parties[i];
        copy.provider = m.provider;
        copy.priority = m.priority;
        copy.accepted_at = m.accepted_at;
        copy.expires_at = m.expires_at;
        copy.set_body(m.body.view());
        core_.messages->accept(std::move(copy), AfterCommit{AfterCommit::What::reported}, core_.now());
    }
    const PartyId owner = owners.parties[0];
    core_.counters.originated_claimed.add();
    core_.note(m.id, TraceEvent::rerouted, owner);
    core_.messages->readdress(m, owner);
}

void Unowned::give_later(MessageId id, const Owners& owners) {
    core_.messages->fetch(id, [this, owners, decided_by = core_.snapshot](Message* m) {
        if (m == nullptr || m->account != nobody || m->stage != Stage::queued) return;
        if (core_.snapshot == decided_by) give(*m, owners);
        else core_.messages->let_go(*m);
    });
}

void Unowned::work() {
    const MonoTime now = core_.now().mono;
    if (core_.number_owners != nullptr && core_.number_owners->on() &&
        now >= asked_at_ + (core_.owners_missed ? ask_again_missed : ask_again)) {
        asked_at_ = now;
        core_.owners_missed = false;
        if (count() > 0) once_more_ = true;
    }
    if (lookups_ >= looked_at_per_turn) return;  // an answer wakes us
    const bool idle = !look_in_memory_ && in_memory_.empty() && lane_ == lanes;
    if (idle && std::exchange(once_more_, false)) look_again();
    if (look_in_memory_) {
        look_in_memory_ = false;
        in_memory_.clear();
        core_.messages->for_each_in_memory([&](Message& m) {
            if (m.account != nobody || m.id > before_) return;
            if (m.stage == Stage::committing) look_in_memory_ = true;  // when it is queued
            else if (m.stage == Stage::queued) in_memory_.push_back(m.self);
        });
        if (in_memory_.empty() && lane_ == 0 && count() == 0) lane_ = lanes;
    }
    for (std::size_t n = 0; n < looked_at_per_turn && lookups_ < looked_at_per_turn && !in_memory_.empty(); ++n) {
        Message* const m = core_.messages->find(in_memory_.back());
        in_memory_.pop_back();
        if (m == nullptr || m->account != nobody || m->stage != Stage::queued) continue;
        if (const Owners its = owners(*m); its.count > 0) give(*m, its);
    }
    if (!in_memory_.empty()) core_.reactor->wake();
    else if (lane_ < lanes && !loading_) look_at_disk();
    else if (lane_ == lanes && once_more_) core_.reactor->wake();
}

void Unowned::look_at_disk() {
    storage::LoadRequest request;
    request.table = storage::Table::queue;
    request.first = {core_.party(nobody).lanes[lane_]->key(), position_};
    request.last = {request.first.high, UINT64_MAX};
    request.limit = looked_at_per_turn;
    request.follow = true;
    loading_ = true;
    core_.messages->load(request, [this, round = round_](const storage::LoadResult& result) {
        loading_ = false;
        if (round == round_) look_at_rows(result);
        core_.reactor->wake();
    });
}

void Unowned::look_at_rows(const storage::LoadResult& result) {
    for (const storage::LoadedRow& row : result.rows) {
        position_ = row.key.low + 1;
        Message found;
        if (!read_snapshot(result.value(row), found) || found.account != nobody) continue;
        if (const Owners its = owners(found); its.count > 0) give_later(found.id, its);
    }
    if (result.more) return;
    ++lane_;
    position_ = 0;
}

void Unowned::list(std::size_t limit, std::function<void(std::vector<Item>)> then) {
    const auto item_of = [](const Message& m) {
        Item item{m.id, m.provider, m.accepted_at, m.expires_at, {}, {}};
        if (const auto pdu = smpp::decode<smpp::DeliverSm>(m.body.view(), {true, 255})) {
            item.source = pdu->source_addr;
            item.destination = pdu->destination_addr;
        }
        return item;
    };
    std::vector<Item> items;
    core_.messages->for_each_in_memory([&](const Message& m) {
        if (m.account == nobody && m.kind == Kind::originated && items.size() < limit) items.push_back(item_of(m));
    });
    const auto& its = core_.party(nobody).lanes;
    storage::LoadRequest request;
    request.table = storage::Table::queue;
    request.first = {its.front()->key(), 0};
    request.last = {its.back()->key(), UINT64_MAX};
    request.limit = static_cast<std::uint32_t>(limit);
    request.follow = true;
    core_.messages->load(request, [=, items = std::move(items),
                                   then = std::move(then)](const storage::LoadResult& result) {
        std::vector<Item> all = items;
        for (const storage::LoadedRow& row : result.rows) {
            Message m;
            if (!read_snapshot(result.value(row), m) || m.account != nobody) continue;
            if (std::ranges::find(items, m.id, &Item::id) == items.end()) all.push_back(item_of(m));
        }
        std::ranges::sort(all, {}, &Item::id);
        if (all.size() > limit) all.resize(limit);
        then(std::move(all));
    });
}

}  // namespace sluice::gateway
