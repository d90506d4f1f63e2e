#include "engine/gateway/record.hpp"

#include <cstring>

namespace sluice::gateway {
namespace {

struct Head {
    std::uint32_t length;  ///< of the payload
    std::uint8_t type;
    std::uint8_t reserved[3];
    std::uint64_t id;
};
static_assert(sizeof(Head) == 16);

struct Snapshot {
    std::uint64_t id, shown_id;
    std::int64_t accepted_at, expires_at, due_at, done_at;
    std::uint64_t position, lane_row, time_row, receipt_key;
    std::uint32_t account, provider;
    std::uint32_t body_size;
    std::uint8_t kind, leg, stage, final_state;
    std::uint8_t priority, attempts, registered_delivery, flags;
    std::uint8_t error_size, provider_id_size;
    char error[14];
};
static_assert(sizeof(Snapshot) == 120);

struct Sent {
    std::uint64_t receipt_key;
    std::uint32_t provider;
    std::uint32_t charged;  ///< what was put aside for it is spent
};
static_assert(sizeof(Sent) == 16);

struct Retry {
    std::int64_t due_at;
    std::uint32_t provider;
    std::uint8_t attempts, flags, leg, reserved;
};
static_assert(sizeof(Retry) == 16);

struct Report {
    std::int64_t done_at, expires_at;
    std::uint64_t position;
    std::uint8_t final_state, error_size;
    char error[14];
};
static_assert(sizeof(Report) == 40);

/// Behind a snapshot's body where the flag `in_parts` is set. Behind both a Charge, where `with_charge` is set, and
/// then, where `with_tlvs` is, the TLVs of a report behind an octet with their size.
struct Parts {
    std::uint8_t part, parts, parts_left, flags;
};
static_assert(sizeof(Parts) == 4);

struct Charge {
    std::int64_t amount;
    std::uint64_t units;
};
static_assert(sizeof(Charge) == 16);

enum Flags : std::uint8_t { maybe_duplicate = 1, explicit_validity = 2, has_row = 4, own_text = 8, in_parts = 16,
                            with_tlvs = 32, with_charge = 64 };
enum PartFlags : std::uint8_t { part_over = 1, part_accepted = 2, decided = 4 };

std::int64_t count(WallTime t) { return t.time_since_epoch().count(); }
WallTime wall(std::int64_t us) { return WallTime(microseconds(us)); }

std::uint8_t* grow(storage::SegmentOctets& to, std::size_t n) { return to.grow(n); }
std::uint8_t* grow(std::vector<std::uint8_t>& to, std::size_t n) {
    const std::size_t at = to.size();
    to.resize(at + n);
    return to.data() + at;
}

template <class Octets>
std::uint8_t* begin_record(Octets& to, RecordType type, MessageId id, std::size_t length) {
    std::uint8_t* at = grow(to, sizeof(Head) + length);
    const Head head{static_cast<std::uint32_t>(length), static_cast<std::uint8_t>(type), {}, id};
    std::memcpy(at, &head, sizeof head);
    return at + sizeof head;
}

std::uint8_t flags_of(const Message& m) {
    return static_cast<std::uint8_t>((m.maybe_duplicate ? maybe_duplicate : 0) |
                                     (m.explicit_validity ? explicit_validity : 0) |
                                     (m.has_row ? has_row : 0) | (m.own_text ? own_text : 0) |
                                     (m.parts > 0 ? in_parts : 0) | (!m.report_tlvs.empty() ? with_tlvs : 0) |
                                     (m.charge != Money{} ? with_charge : 0));
}

Parts parts_of(const Message& m) {
    return {m.part, m.parts, m.parts_left,
            static_cast<std::uint8_t>((m.part_over ? part_over : 0) | (m.part_accepted ? part_accepted : 0) |
                                      (m.decided ? decided : 0))};
}

void read_parts(ByteView from, Message& m) {
    Parts p{};
    if (!from.empty()) std::memcpy(&p, from.data(), sizeof p);
    m.part = p.part;
    m.parts = p.parts;
    m.parts_left = p.parts_left;
    m.part_over = p.flags & part_over;
    m.part_accepted = p.flags & part_accepted;
    m.decided = p.flags & decided;
}

std::uint8_t provider_id_size(const Message& m) {
    return static_cast<std::uint8_t>(std::min<std::size_t>(m.provider_id.size(), 255));
}

std::size_t snapshot_size(const Message& m) {
    return sizeof(Snapshot) + provider_id_size(m) + m.body.size() + (m.parts > 0 ? sizeof(Parts) : 0) +
           (m.charge != Money{} ? sizeof(Charge) : 0) +
           (m.report_tlvs.empty() ? 0 : 1 + m.report_tlvs.size());
}

void fill_snapshot(std::uint8_t* at, const Message& m) {
    Snapshot s{};
    s.id = m.id;
    s.shown_id = m.shown_id;
    s.accepted_at = count(m.accepted_at);
    s.expires_at = count(m.expires_at);
    s.due_at = count(m.due_at);
    s.done_at = count(m.done_at);
    s.position = m.position;
    s.lane_row = m.lane_row;
    s.time_row = m.time_row;
    s.receipt_key = m.receipt_key;
    s.account = m.account;
    s.provider = m.provider;
    s.body_size = static_cast<std::uint32_t>(m.body.size());
    s.kind = static_cast<std::uint8_t>(m.kind);
    s.leg = static_cast<std::uint8_t>(m.leg);
    s.stage = static_cast<std::uint8_t>(m.stage);
    s.final_state = static_cast<std::uint8_t>(m.final_state);
    s.priority = m.priority;
    s.attempts = m.attempts;
    s.registered_delivery = m.registered_delivery;
    s.flags = flags_of(m);
    s.error_size = std::min<std::uint8_t>(m.error_size, sizeof s.error);
    std::memcpy(s.error, m.error, s.error_size);
    s.provider_id_size = provider_id_size(m);
    std::memcpy(at, &s, sizeof s);
    std::memcpy(at + sizeof s, m.provider_id.data(), s.provider_id_size);
    at += sizeof s + s.provider_id_size;
    if (!m.body.empty()) std::memcpy(at, m.body.data(), m.body.size());
    at += m.body.size();
    if (m.parts > 0) {
        const Parts p = parts_of(m);
        std::memcpy(at, &p, sizeof p);
        at += sizeof p;
    }
    if (m.charge != Money{}) {
        const Charge c{m.charge.micros, m.charge_units};
        std::memcpy(at, &c, sizeof c);
        at += sizeof c;
    }
    if (m.report_tlvs.empty()) return;
    *at = static_cast<std::uint8_t>(m.report_tlvs.size());
    std::memcpy(at + 1, m.report_tlvs.data(), m.report_tlvs.size());
}

}  // namespace

void write_snapshot(storage::SegmentOctets& to, const Message& m) {
    fill_snapshot(begin_record(to, RecordType::snapshot, m.id, snapshot_size(m)), m);
}

void encode_row(std::vector<std::uint8_t>& to, const Message& m) { fill_snapshot(grow(to, snapshot_size(m)), m); }

void write_sent(storage::SegmentOctets& to, const Message& m) {
    const std::uint8_t size = provider_id_size(m);
    const Sent sent{m.receipt_key, m.provider, m.charge == Money{}};
    std::uint8_t* at = begin_record(to, RecordType::sent, m.id, sizeof sent + size);
    std::memcpy(at, &sent, sizeof sent);
    std::memcpy(at + sizeof sent, m.provider_id.data(), size);
}

void write_retry(storage::SegmentOctets& to, const Message& m) {
    const Retry r{count(m.due_at), m.provider, m.attempts, flags_of(m), static_cast<std::uint8_t>(m.leg), 0};
    std::memcpy(begin_record(to, RecordType::retry, m.id, sizeof r), &r, sizeof r);
}

void write_report(storage::SegmentOctets& to, const Message& m) {
    Report r{count(m.done_at), count(m.expires_at), m.position, static_cast<std::uint8_t>(m.final_state), 0, {}};
    r.error_size = std::min<std::uint8_t>(m.error_size, sizeof r.error);
    std::memcpy(r.error, m.error, r.error_size);
    std::uint8_t* const at = begin_record(to, RecordType::report, m.id, sizeof r + m.report_tlvs.size());
    std::memcpy(at, &r, sizeof r);
    if (!m.report_tlvs.empty()) std::memcpy(at + sizeof r, m.report_tlvs.data(), m.report_tlvs.size());
}

void write_done(storage::SegmentOctets& to, MessageId id) { begin_record(to, RecordType::done, id, 0); }

void write_settled(storage::SegmentOctets& to, MessageId id) { begin_record(to, RecordType::settled, id, 0); }

void write_movement(std::vector<std::uint8_t>& to, const Movement& movement, std::string_view text) {
    std::uint8_t* const at = begin_record(to, RecordType::movement, movement.message, sizeof movement + text.size());
    std::memcpy(at, &movement, sizeof movement);
    std::memcpy(at + sizeof movement, text.data(), text.size());
}

void write_movement(std::vector<std::uint8_t>& to, MessageId id, ByteView payload) {
    std::memcpy(begin_record(to, RecordType::movement, id, payload.size()), payload.data(), payload.size());
}

bool read_movement(ByteView payload, Movement& movement, std::string_view& text) {
    if (payload.size() < sizeof movement) return false;
    std::memcpy(&movement, payload.data(), sizeof movement);
    text = as_text(payload.subspan(sizeof movement));
    return text.size() == movement.text_size && movement.error_size <= sizeof movement.error;
}

bool next_record(ByteView& segment, Record& record, bool& damaged) {
    if (segment.empty()) return false;
    Head head;
    if (segment.size() < sizeof head) return damaged = true, false;
    std::memcpy(&head, segment.data(), sizeof head);
    if (segment.size() - sizeof head < head.length || head.type < 1 || head.type > 7) return damaged = true, false;
    record = {static_cast<RecordType>(head.type), head.id, segment.subspan(sizeof head, head.length)};
    segment = segment.subspan(sizeof head + head.length);
    return true;
}

bool read_snapshot(ByteView payload, Message& m) {
    Snapshot s;
    if (payload.size() < sizeof s) return false;
    std::memcpy(&s, payload.data(), sizeof s);
    const std::size_t parts = s.flags & in_parts ? sizeof(Parts) : 0;
    const std::size_t charge = s.flags & with_charge ? sizeof(Charge) : 0;
    const std::size_t whole = sizeof s + s.provider_id_size + s.body_size + parts + charge;
    if (payload.size() < whole || s.error_size > sizeof s.error) return false;
    ByteView tlvs = payload.subspan(whole);
    if ((s.flags & with_tlvs) != 0) {
        if (tlvs.empty() || tlvs.front() != tlvs.size() - 1) return false;
        tlvs = tlvs.subspan(1);
    } else if (!tlvs.empty()) {
        return false;
    }
    if (s.kind > 2 || s.leg > 1 || s.stage > 4 || !smpp::message_state_from(s.final_state)) return false;
    m.id = s.id;
    m.shown_id = s.shown_id;
    m.accepted_at = wall(s.accepted_at);
    m.expires_at = wall(s.expires_at);
    m.due_at = wall(s.due_at);
    m.done_at = wall(s.done_at);
    m.position = s.position;
    m.lane_row = s.lane_row;
    m.time_row = s.time_row;
    m.receipt_key = s.receipt_key;
    m.account = s.account;
    m.provider = s.provider;
    m.kind = static_cast<Kind>(s.kind);
    m.leg = static_cast<Leg>(s.leg);
    m.stage = static_cast<Stage>(s.stage);
    if (m.stage == Stage::sending || m.stage == Stage::committing) m.stage = Stage::queued;
    m.final_state = static_cast<smpp::MessageState>(s.final_state);
    m.priority = s.priority;
    m.attempts = s.attempts;
    m.registered_delivery = s.registered_delivery;
    m.maybe_duplicate = s.flags & maybe_duplicate;
    m.explicit_validity = s.flags & explicit_validity;
    m.has_row = s.flags & has_row;
    m.own_text = s.flags & own_text;
    read_parts(payload.subspan(whole - charge - parts, parts), m);
    Charge c{};
    if (charge > 0) std::memcpy(&c, payload.data() + whole - charge, sizeof c);
    m.charge = {c.amount};
    m.charge_units = static_cast<std::uint8_t>(c.units);
    m.report_tlvs = PooledOctets(tlvs);
    m.set_error({s.error, s.error_size});
    m.provider_id.assign(as_text(payload.subspan(sizeof s, s.provider_id_size)));
    m.set_body(payload.subspan(sizeof s + s.provider_id_size, s.body_size));
    return true;
}

bool apply_record(const Record& record, Message& m) {
    switch (record.type) {
        case RecordType::sent: {
            Sent sent;
            if (record.payload.size() < sizeof sent) return false;
            std::memcpy(&sent, record.payload.data(), sizeof sent);
            m.receipt_key = sent.receipt_key;
            m.provider = sent.provider;
            if (sent.charged != 0) m.charge = {};
            m.provider_id.assign(as_text(record.payload.subspan(sizeof sent)));
            m.stage = Stage::awaiting;
            return true;
        }
        case RecordType::retry: {
            Retry r;
            if (record.payload.size() != sizeof r) return false;
            std::memcpy(&r, record.payload.data(), sizeof r);
            m.due_at = wall(r.due_at);
            m.provider = r.provider;
            m.attempts = r.attempts;
            m.leg = static_cast<Leg>(r.leg & 1);
            m.maybe_duplicate = r.flags & maybe_duplicate;
            m.stage = Stage::waiting;
            return true;
        }
        case RecordType::report: {
            Report r;
            if (record.payload.size() < sizeof r) return false;
            std::memcpy(&r, record.payload.data(), sizeof r);
            if (r.error_size > sizeof r.error || !smpp::message_state_from(r.final_state)) return false;
            m.done_at = wall(r.done_at);
            m.expires_at = wall(r.expires_at);
            m.position = r.position;
            m.report_tlvs = PooledOctets(record.payload.subspan(sizeof r));
            m.final_state = static_cast<smpp::MessageState>(r.final_state);
            m.set_error({r.error, r.error_size});
            m.leg = Leg::report;
            m.charge = {};  // what is final is spent or given back
            m.stage = Stage::queued;
            m.attempts = 0;
            return true;
        }
        default: return false;
    }
}

}  // namespace sluice::gateway
