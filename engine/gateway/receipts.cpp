#include "engine/gateway/receipts.hpp"

#include <xxhash.h>

#include <charconv>

#include "codecs/smpp/message_id.hpp"
#include "codecs/smpp/receipt.hpp"
#include "codecs/smpp/time.hpp"
#include "engine/gateway/connection.hpp"
#include "engine/gateway/convert.hpp"
#include "engine/gateway/event_triggers.hpp"
#include "engine/gateway/finish.hpp"
#include "engine/gateway/vendor_tlvs.hpp"

namespace sluice::gateway {

using wire::ReceiptNote;
using wire::ReplyTo;

namespace {

/// Ways of reading a receipt's id where the provider's settings leave it open (interop R1).
enum Reading : std::uint8_t {
    plain = 0,            ///< written as in the response
    decimal_for_hex = 1,  ///< decimal here, hex in the response
    hex_for_decimal = 2,  ///< the reverse
    readings
};

/// Rows of Table::held: (index key, serial) while a receipt waits, (0, serial) in quarantine.
constexpr std::size_t max_quarantine = 10'000;

smpp::MessageIdFormat format_of(routing::IdFormat format) {
    switch (format) {
        case routing::IdFormat::decimal: return smpp::MessageIdFormat::decimal;
        case routing::IdFormat::hex: return smpp::MessageIdFormat::hex;
        default: return smpp::MessageIdFormat::as_is;
    }
}

std::uint64_t index_key(PartyId provider, std::string_view canonical) {
    const std::uint64_t key = XXH3_64bits_withSeed(canonical.data(), canonical.size(), provider);
    return key != 0 ? key : 1;
}

std::uint64_t index_key(PartyId provider, std::string_view id, smpp::MessageIdFormat format) {
    if (smpp::is_canonical_message_id(id, format)) return index_key(provider, id);
    return index_key(provider, smpp::canonical_message_id(id, format).view());
}

std::uint64_t response_key(PartyId party, const routing::Provider* provider, std::string_view id) {
    const auto format = provider != nullptr ? format_of(provider->response_id_format) : smpp::MessageIdFormat::as_is;
    return index_key(party, id, format);
}

/// The key under which a receipt's id is looked up; 0 when the id cannot be read that way.
std::uint64_t receipt_key(PartyId party, const routing::Provider* provider, std::string_view id, std::uint8_t reading) {
    const auto format = provider != nullptr ? format_of(provider->receipt_id_format) : smpp::MessageIdFormat::as_is;
    if (reading == plain) return index_key(party, id, format);
    const smpp::CanonicalId canonical = smpp::canonical_message_id(id, format);
    const std::string_view text = canonical.view();
    std::uint64_t value = 0;
    const int from_base = reading == decimal_for_hex ? 10 : 16;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, from_base);
    if (error != std::errc{} || end != text.data() + text.size()) return 0;
    char other[24];
    const auto written = std::to_chars(other, other + sizeof other, value, from_base == 10 ? 16 : 10);
    return index_key(party, smpp::canonical_message_id({other, written.ptr}, smpp::MessageIdFormat::as_is).view());
}

}  // namespace

bool Receipts::take(const Party& party, const smpp::DeliverSm& received, const ReplyTo& reply) {
    smpp::ReceiptKind kind = smpp::receipt_kind(received.esm_class);
    std::array<std::uint8_t, 512> scratch;
    smpp::ReceiptOptions options;
    options.scratch = scratch;
    smpp::Receipt receipt;
    const auto unpacked = party.provider != nullptr ? unpacked_receipt(received, party.provider->text) : std::nullopt;
    std::optional<smpp::DeliverSm> with_unpacked;
    if (unpacked) {
        with_unpacked = received;
        with_unpacked->short_message = *unpacked;
    }
    const smpp::DeliverSm& pdu = with_unpacked ? *with_unpacked : received;
    VendorFacts vendor;  // what a provider says in TLVs of its own goes before everything else
    if (party.provider != nullptr && !party.provider->tlvs.empty())
        vendor = read_vendor_tlvs(party.provider->tlvs, pdu.tlvs);
    if (kind == smpp::ReceiptKind::none) {
        if (party.provider == nullptr || !party.provider->receipts_by_text) return false;
        smpp::DeliverSm as_receipt = pdu;
        as_receipt.esm_class = smpp::esm_class::delivery_receipt;
        receipt = smpp::read_receipt(as_receipt, options);
        if (receipt.message_id.empty() || receipt.text.stat.empty()) return false;
        kind = smpp::ReceiptKind::receipt;
    } else {
        receipt = smpp::read_receipt(pdu, options);
        if (!vendor.message_id.empty()) receipt.message_id = vendor.message_id;
        // Interop R12: a subscriber's message with a receipt's esm_class has neither the TLV nor the text of one.
        if (receipt.message_id.empty()) return false;
    }
    core_.counters.receipts_in.add();
    if (core_.arrival != nullptr) [[unlikely]]
        core_.note_receipt_pdu(party.id, receipt.message_id, core_.arrival->header(), core_.arrival->body());

    ReceiptNote note;
    note.reply = reply;
    note.provider = party.id;
    if (vendor.state && (*vendor.state != smpp::MessageState::scheduled || !receipt.state))
        receipt.state = vendor.state;
    note.state = receipt.state.value_or(smpp::MessageState::unknown);
    note.final_state = kind == smpp::ReceiptKind::receipt && receipt.state && smpp::row_of(note.state).final &&
                       note.state != smpp::MessageState::accepted;
    const std::string_view error = vendor.error.empty() ? receipt.text.err : vendor.error;
    note.error_size = static_cast<std::uint8_t>(std::min(error.size(), sizeof note.error));
    std::copy_n(error.begin(), note.error_size, note.error);
    const auto done = vendor.done_date ? vendor.done_date : smpp::parse_date(receipt.text.done_date);
    if (done) note.done_at = done->time_since_epoch().count();
    note.set_provider_id(receipt.message_id);
    if (!pdu.tlvs.empty()) note.tlvs_size = static_cast<std::uint8_t>(copy_undefined_tlvs(pdu.tlvs, note.tlvs_room()));
    note.mcc_mnc = vendor.mcc_mnc.value_or(0);
    if (vendor.any)
        core_.log('D', party.provider->name + " receipt " + std::string(receipt.message_id) + ": " +
                           vendor_tlvs_text(party.provider->tlvs, pdu.tlvs));
    note.reading = habit_of(party.id).other;
    note.key = receipt_key(party.id, party.provider, receipt.message_id, note.reading);
    if (note.key == 0) {
        note.reading = plain;
        note.key = receipt_key(party.id, party.provider, receipt.message_id, plain);
    }
    route(note);
    return true;
}

void Receipts::route(ReceiptNote& note) {
    if (const std::uint32_t to = shard_of(note.key); to != core_.shard) core_.send(to, wire::Type::receipt, note);
    else on_receipt(note);
}

// ---- at the shard of the index

std::uint64_t Receipts::key_of(PartyId provider, std::string_view provider_id) {
    return response_key(provider, core_.party(provider).provider, provider_id);
}

void Receipts::tell_index(const Message& m, wire::IndexNote::Kind kind) {
    const WallTime until = m.expires_at + core_.config.store.receipt_grace;
    tell_index({m.receipt_key, m.id, until.time_since_epoch().count(), kind});
}

void Receipts::over(std::uint64_t key, MessageId id) { tell_index({key, id, 0, wire::IndexNote::Kind::erase}); }

void Receipts::tell_index(const wire::IndexNote& note) {
    if (const std::uint32_t to = shard_of(note.key); to != core_.shard) core_.send(to, wire::Type::index, note);
    else on_index(note);
}

void Receipts::kept(MessageId id) {
    const wire::IndexNote note{0, id, 0, wire::IndexNote::Kind::keep};
    if (const std::uint32_t home = home_shard(id, core_.shards); home != core_.shard)
        core_.send(home, wire::Type::kept, note);
    else
        core_.messages->kept(id);
}

void Receipts::on_index(const wire::IndexNote& note) {
    switch (note.kind) {
        case wire::IndexNote::Kind::put: break;
        case wire::IndexNote::Kind::erase: return index_.erase(note.key, note.id);
        case wire::IndexNote::Kind::keep:
            index_.keep(note.key, note.id);
            return core_.messages->after_commit(after_commit(AfterCommit::What::kept, {}, note.id));
    }
    // An id that a provider uses again is the newer message's (interop R3).
    index_.put(note.key, note.id, WallTime(microseconds(note.until)));
    if (!held_.empty()) give_held(note.key);
    if (early_.size() > 0)
        early_.take(note.key, [this](ReceiptNote& early) { on_receipt(early); });
}

void Receipts::give_held(std::uint64_t key) {
    const auto [first, last] = held_.equal_range(key);
    std::vector<Held> found;
    for (auto it = first; it != last; ++it) found.push_back(it->second);
    held_.erase(first, last);
    for (Held& held : found) {
        // Its provider was answered long ago: the row stays until the message's home has the receipt on its own disk.
        held.note.reply = give({key, held.row});
        on_receipt(held.note);
    }
}

ReplyTo Receipts::give(storage::Key row) {
    given_.emplace(next_given_, row);
    return {0, next_given_++, wire::held_receipt, core_.shard, 0};
}

void Receipts::release(std::uint32_t serial) {
    const auto found = given_.find(serial);
    if (found == given_.end()) return;
    core_.messages->erase_row(storage::Table::held, found->second);
    given_.erase(found);
}

void Receipts::on_receipt(ReceiptNote& note) {
    MessageId id = 0;
    switch (index_.find(note.key, id)) {
        case ReceiptIndex::Where::here: return matched(note, id);
        case ReceiptIndex::Where::nowhere: return unmatched(note);
        case ReceiptIndex::Where::on_disk: break;
    }
    core_.counters.receipts_looked_up.add();
    index_.look_up(note.key, [this, note](MessageId found) mutable {
        if (found != 0) matched(note, found);
        else unmatched(note);
    });
}

void Receipts::matched(ReceiptNote& note, MessageId id) {
    note.id = id;
    Habit& habit = habit_of(note.provider);
    if (note.reading == plain) {
        ++habit.plain;
    } else {
        core_.counters.receipts_other_format.add();
        if (habit.other != note.reading) learn(note.provider, note.reading);
    }
    core_.counters.receipts_matched.add();
    // The entry stays until the message's home has the receipt on its disk: after a crash it may come again.
    if (const std::uint32_t home = home_shard(note.id, core_.shards); home != core_.shard)
        core_.send(home, wire::Type::matched, note);
    else
        on_matched(note);
}

void Receipts::unmatched(ReceiptNote& note) {
    const Habit& habit = habit_of(note.provider);
    // Another reading is tried only while the plain one has never fitted: a small number read in another base may well
    // be somebody else's id.
    const Party& party = core_.party(note.provider);
    const bool open_format =
        party.provider == nullptr || party.provider->receipt_id_format == routing::IdFormat::automatic;
    const std::string_view raw = note.provider_id();
    if (open_format && habit.other != plain && note.reading != habit.other) {
        // It set out before the habit was known.
        if (const std::uint64_t key = receipt_key(note.provider, party.provider, raw, habit.other)) {
            note.reading = habit.other;
            note.key = key;
            note.tried = true;
            return route(note);
        }
    }
    if (open_format && !note.tried && habit.plain == 0 && habit.other == plain) {
        for (std::uint8_t reading = note.reading + 1u; reading < readings; ++reading) {
            const std::uint64_t key = receipt_key(note.provider, party.provider, raw, reading);
            if (key == 0) continue;
            note.reading = reading;
            note.key = key;
            return route(note);
        }
    }
    // Nothing fits: it is kept under the plain reading.
    if (note.reading != plain && !note.tried && habit.other != note.reading) {
        note.reading = plain;
        note.key = receipt_key(note.provider, party.provider, raw, plain);
        note.tried = true;
        return route(note);  // looked up once more: its response may have come meanwhile
    }
    if (note.reply.command != wire::held_receipt && early_.size() < limits::early_receipts) wait_a_moment(note);
    else hold(note);
}

void Receipts::wait_a_moment(const ReceiptNote& note) {
    early_.add(note, core_.now().mono + EarlyReceipts::patience);
    if (!std::exchange(early_timer_, true))
        core_.reactor->timers().arm(core_.now().mono + EarlyReceipts::patience, [this] { expire_early(); });
}

void Receipts::expire_early() {
    for (const ReceiptNote& note : early_.expire(core_.now().mono)) hold(note);
    const auto next = early_.next_expiry();
    early_timer_ = next.has_value();
    if (next) core_.reactor->timers().arm(*next, [this] { expire_early(); });
}

void Receipts::learn(PartyId provider, std::uint8_t reading) {
    const wire::HabitNote note{provider, reading};
    for (std::uint32_t shard = 0; shard < core_.shards; ++shard)
        if (shard != core_.shard) core_.send(shard, wire::Type::habit, note);
    on_habit(note);
}

void Receipts::on_habit(const wire::HabitNote& habit) {
    const auto reading = static_cast<std::uint8_t>(habit.reading);
    habit_of(habit.provider).other = reading;
    const Party& party = core_.party(habit.provider);
    core_.log('I', (party.provider != nullptr ? party.provider->name : std::string("a provider")) +
                       " writes message ids in receipts in another base than in responses: "
                       "receipt_id_format may say so");
    // What waits under the plain reading, because its answer had not come yet, is looked up in the other one.
    const auto read_again = [&](ReceiptNote& note) {
        if (note.provider != habit.provider || note.reading == reading) return false;
        const std::uint64_t key = receipt_key(note.provider, party.provider, note.provider_id(), reading);
        if (key == 0) return false;
        note.key = key;
        note.reading = reading;
        note.tried = true;
        return true;
    };
    for (ReceiptNote& note : early_.take_all()) {
        read_again(note);
        route(note);
    }
    std::vector<std::pair<std::uint64_t, Held>> again;  // under the key of their row
    std::erase_if(held_, [&](const auto& entry) {
        Held held = entry.second;
        if (!read_again(held.note)) return false;
        again.emplace_back(entry.first, held);
        return true;
    });
    for (auto& [key, held] : again) {
        held.note.reply = give({key, held.row});
        route(held.note);
    }
}

void Receipts::hold(const ReceiptNote& note) {
    if (held_.size() >= core_.config.max_receipts_held) {
        // The provider keeps it and tries again later, which is what a full house asks for.
        note_answer(note, smpp::CommandStatus::ESME_RX_T_APPN);
        return core_.answer(note.reply, smpp::CommandStatus::ESME_RX_T_APPN);
    }
    core_.counters.receipts_early.add();
    const std::uint64_t row = core_.messages->ids().next(core_.now().wall);
    core_.messages->put_row(storage::Table::held, {note.key, row}, wire::octets_of(note));
    held_.emplace(note.key, Held{row, note});
    held_until_.push_back({core_.now().mono + core_.config.receipt_hold, note.key, row});
    if (core_.config.history_pdus) [[unlikely]] to_answer_.push_back({row, note});
    core_.messages->after_commit(after_commit(AfterCommit::What::held, note.reply, row));
}

void Receipts::held_committed(std::uint64_t row) {
    for (; !to_answer_.empty() && to_answer_.front().row <= row; to_answer_.pop_front())
        if (to_answer_.front().row == row) note_answer(to_answer_.front().note, smpp::CommandStatus::ESME_ROK);
}

void Receipts::note_answer(const ReceiptNote& note, smpp::CommandStatus status) {
    if (note.reply.command == 0 || note.reply.command == wire::held_receipt) return;
    const std::uint8_t no_message_id = 0;
    core_.note_receipt_pdu(
        note.provider, note.provider_id(),
        {0, smpp::response_of(smpp::CommandId{note.reply.command}), status, note.reply.sequence}, {&no_message_id, 1});
}

void Receipts::tick() {
    while (!held_until_.empty() && held_until_.front().at <= core_.now().mono) {
        const Until until = held_until_.front();
        held_until_.pop_front();
        const auto [first, last] = held_.equal_range(until.key);
        for (auto it = first; it != last; ++it) {
            if (it->second.row != until.row) continue;
            core_.counters.receipts_quarantined.add();
            core_.messages->erase_row(storage::Table::held, {until.key, until.row});
            core_.messages->put_row(storage::Table::held, {0, until.row}, wire::octets_of(it->second.note));
            quarantine_.push_back(until.row);
            if (quarantine_.size() > max_quarantine) {
                core_.messages->erase_row(storage::Table::held, {0, quarantine_.front()});
                quarantine_.pop_front();
            }
            held_.erase(it);
            break;
        }
    }
    core_.counters.receipts_held.set(static_cast<std::int64_t>(held_.size()));
    core_.counters.receipts_in_quarantine.set(static_cast<std::int64_t>(quarantine_.size()));
    core_.counters.receipts_in_memory.set(static_cast<std::int64_t>(index_.in_memory()));
    core_.counters.receipts_on_disk.set(static_cast<std::int64_t>(index_.on_disk()));
}

void Receipts::configure() {
    ReceiptIndex::Config config;
    config.max_in_memory = std::max<std::size_t>(1, core_.config.max_receipts_in_memory / core_.shards);
    index_.configure(config);
}

Result<void> Receipts::recover() {
    configure();
    return index_.recover(core_.now().wall);
}

void Receipts::recover_held() {
    storage::LoadRequest request;
    request.table = storage::Table::held;
    request.last = {UINT64_MAX, UINT64_MAX};
    request.limit = static_cast<std::uint32_t>(core_.config.max_receipts_held + max_quarantine);
    request.max_bytes = UINT32_MAX;
    const storage::LoadResult found = core_.messages->store().load_now(request);
    for (const storage::LoadedRow& row : found.rows) {
        if (row.key.high == 0) {
            quarantine_.push_back(row.key.low);
            continue;
        }
        std::optional<ReceiptNote> note = wire::read_receipt(found.value(row));
        if (!note) continue;
        note->reply = {};
        held_.emplace(row.key.high, Held{row.key.low, *note});
        held_until_.push_back({core_.now().mono + core_.config.receipt_hold, row.key.high, row.key.low});
    }
    // Those that were on the way to their message when the shard stopped.
    std::vector<std::uint64_t> known;
    for (const auto& [key, held] : held_) {
        MessageId id = 0;
        if (index_.find(key, id) != ReceiptIndex::Where::nowhere) known.push_back(key);
    }
    // That may end messages, which changes counts that the start has yet to restore.
    if (!known.empty())
        core_.reactor->post([this, keys = std::move(known)] {
            for (const std::uint64_t key : keys) give_held(key);
        });
}

void Receipts::list(std::size_t limit, std::function<void(std::vector<Unmatched>)> then) {
    std::vector<Unmatched> held;
    for (const auto& [key, its] : held_) {
        if (held.size() == limit) break;
        held.push_back({its.note, time_of(its.row), false});
    }
    storage::LoadRequest request;
    request.table = storage::Table::held;
    request.first = {0, quarantine_.size() > limit ? quarantine_[quarantine_.size() - limit] : 0};
    request.last = {0, UINT64_MAX};
    request.limit = static_cast<std::uint32_t>(limit);
    core_.messages->load(request, [all = std::move(held), then = std::move(then)](const storage::LoadResult& result) {
        std::vector<Unmatched> list = all;
        for (const storage::LoadedRow& row : result.rows)
            if (const auto note = wire::read_receipt(result.value(row)))
                list.push_back({*note, time_of(row.key.low), true});
        then(std::move(list));
    });
}

std::string_view Receipts::reading_text(std::uint8_t reading) {
    switch (reading) {
        case decimal_for_hex: return "decimal, for hex in the response";
        case hex_for_decimal: return "hex, for decimal in the response";
        default: return "as written";
    }
}

// ---- at the message's home

void Receipts::on_matched(const ReceiptNote& note) {
    if (Message* m = core_.messages->find(note.id)) return apply(m, note);
    core_.messages->fetch(note.id, [this, note](Message* m) { apply(m, note); });
}

/// What its scripts have made of it comes to the message as the receipt would have; until then nobody is told anything.
void Receipts::ask_triggers(const Message& m, const ReceiptNote& note) {
    const ReceiptFacts facts{note.state, std::string(note.error, note.error_size)};
    fire_receipt(core_, m, facts, [this, note](const ReceiptFacts& made) {
        ReceiptNote next = note;
        next.state = made.state;
        next.final_state = smpp::row_of(made.state).final;
        next.error_size = static_cast<std::uint8_t>(std::min(made.error.size(), sizeof next.error));
        std::copy_n(made.error.begin(), next.error_size, next.error);
        if (Message* known = core_.messages->find(next.id)) return apply(known, next, false);
        core_.messages->fetch(next.id, [this, next](Message* found) { apply(found, next, false); });
    });
}

void Receipts::apply(Message* m, const ReceiptNote& note, bool fires) {
    if (fires && core_.fires(script::Event::receipt) && note.final_state && m != nullptr &&
        m->stage == Stage::awaiting && m->leg == Leg::forward && !m->part_over &&
        m->provider == note.provider) [[unlikely]]
        return ask_triggers(*m, note);
    core_.note_receipt(note);
    if (m == nullptr || m->kind != Kind::submitted || m->leg != Leg::forward || m->stage != Stage::awaiting ||
        m->part_over || m->provider != note.provider) {
        core_.counters.receipts_repeated.add();  // it is final already, or never was theirs
        // What made it final may be in a batch under way: the provider must not hear of its end before that is on disk.
        core_.messages->after_commit({AfterCommit::What::over, 0, 0, 0, 0, note.key, note.id});
        return core_.messages->after_commit(after_commit(AfterCommit::What::answered, note.reply, 0));
    }
    if (!note.final_state) {
        core_.counters.receipts_intermediate.add();
        const Party& account = core_.party(m->account);
        const bool wanted = m->part <= 1 &&
                            (m->registered_delivery & smpp::registered_delivery::intermediate_notification) != 0 &&
                            (account.account == nullptr || account.account->receipts.intermediate);
        if (!wanted) {
            core_.messages->let_go(*m);
            return core_.answer(note.reply, smpp::CommandStatus::ESME_ROK);
        }
        Message notice;
        notice.kind = Kind::notice;
        notice.account = m->account;
        notice.provider = m->provider;
        notice.shown_id = m->shown_id;
        notice.final_state = note.state;
        notice.set_error({note.error, note.error_size});
        notice.priority = m->priority;
        notice.accepted_at = m->accepted_at;
        notice.done_at = core_.now().wall;
        notice.expires_at = core_.now().wall + core_.config.delivery_validity;
        notice.set_body(m->body_view());
        notice.report_tlvs = PooledOctets(note.tlvs());
        core_.messages->accept(std::move(notice), after_commit(AfterCommit::What::reported, note.reply, 0),
                               core_.now());
        return core_.messages->let_go(*m);
    }
    if (note.tlvs_size > 0 || !m->report_tlvs.empty()) m->report_tlvs = PooledOctets(note.tlvs());
    if (note.done_at != 0) m->done_at = WallTime(microseconds(note.done_at));
    finish(core_, *m, note.state, {note.error, note.error_size}, note.reply);
}

}  // namespace sluice::gateway
