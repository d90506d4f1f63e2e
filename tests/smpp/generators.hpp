#pragma once

#include <rapidcheck.h>

#include <deque>
#include <string>
#include <vector>

#include "codecs/smpp/layout.hpp"
#include "codecs/smpp/pdu.hpp"

/// Random bodies of every kind, made from the field and TLV tables, so that a new row is tested as soon as it is there.
/// To be used inside rc::check.
namespace sluice::smpp::test {

/// Keeps the octets that generated bodies point into.
class Arena {
public:
    MutableBytes keep(std::vector<std::uint8_t> octets) {
        kept_.push_back(std::move(octets));
        return kept_.back();
    }
    MutableBytes room(std::size_t size) { return keep(std::vector<std::uint8_t>(size)); }

private:
    std::deque<std::vector<std::uint8_t>> kept_;
};

inline std::vector<std::uint8_t> any_octets(std::size_t min, std::size_t max) {
    const auto size = *rc::gen::inRange<std::size_t>(min, max + 1);
    return *rc::gen::container<std::vector<std::uint8_t>>(size, rc::gen::arbitrary<std::uint8_t>());
}

/// Without NULs and control characters (an answer that begins with one may be TLVs without a text).
inline std::vector<std::uint8_t> any_text(std::size_t max) {
    const auto size = *rc::gen::inRange<std::size_t>(0, max + 1);
    return *rc::gen::container<std::vector<std::uint8_t>>(
        size, rc::gen::map(rc::gen::inRange(0x20, 0x100), [](int c) { return static_cast<std::uint8_t>(c); }));
}

class BodyGenerator {
public:
    explicit BodyGenerator(Arena& arena) : arena_(arena) {}

    template <class Body>
    Body body(CommandId id) {
        Body result = fields<Body>();
        result.tlvs = tlvs(id);
        return result;
    }

private:
    template <class Body>
    Body fields() {
        Body result;
        std::apply([&](const auto&... field) { (fill(result, field), ...); }, Layout<Body>::fields);
        return result;
    }
    template <class Body>
    void fill(Body& body, const TextField<Body>& field) {
        body.*field.member = as_text(arena_.keep(any_text(field.max - 1u)));
    }
    template <class Body, class Integer>
    void fill(Body& body, const IntegerField<Body, Integer>& field) {
        body.*field.member = *rc::gen::arbitrary<Integer>();
    }
    template <class Body>
    void fill(Body& body, const OctetsField<Body>& field) {
        body.*field.member = arena_.keep(any_octets(0, DecodeOptions().max_short_message));
    }
    template <class Body, class Entry>
    void fill(Body& body, const ListField<Body, Entry>& field) {
        ListWriter<Entry> writer(arena_.room(4096));
        for (int i = *rc::gen::inRange(0, 12); i > 0; --i) RC_ASSERT(writer.add(fields<Entry>()));
        body.*field.member = writer.view();
    }
    template <class Body, class First, class Second>
    void fill(Body& body, const ChoiceField<Body, First, Second>& field) {
        body.*field.member = *rc::gen::element<std::uint8_t>(1, 2);
        const auto fill_row = [&](const auto&... chosen) { (fill(body, chosen), ...); };
        if (body.*field.member == 1)
            std::apply(fill_row, field.first);
        else
            std::apply(fill_row, field.second);
    }

    TlvView tlvs(CommandId id) {
        std::vector<const TlvRow*> rows;
        for (const TlvRow& row : tlv_rows)
            if (defined_for(row.value, id)) rows.push_back(&row);
        TlvWriter writer(arena_.room(8192));
        for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
            if (rows.empty() || *rc::gen::inRange(0, 4) == 0) {
                RC_ASSERT(writer.octets(Tag{*rc::gen::inRange<std::uint16_t>(0x1400, 0x4000)}, any_octets(0, 40)));
            } else {
                const TlvRow& row = **rc::gen::elementOf(rows);
                const std::size_t max = std::min<std::size_t>(row.max_length, 300);
                if (row.kind == TlvKind::text)
                    RC_ASSERT(writer.text(row.value, as_text(any_text(max - 1))));
                else
                    RC_ASSERT(writer.octets(row.value, any_octets(row.min_length, max)));
            }
        }
        return writer.view();
    }

    Arena& arena_;
};

}  // namespace sluice::smpp::test
