#pragma once

#include <algorithm>

#include "codecs/smpp/layout.hpp"

/// Equality of bodies, field by field from the table.
namespace sluice::smpp::test {

template <class Body>
bool same_fields(const Body& a, const Body& b);

inline bool same_octets(ByteView a, ByteView b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

template <class Body>
bool same_field(const Body& a, const Body& b, const auto& field) {
    return a.*field.member == b.*field.member;
}
template <class Body, class First, class Second>
bool same_field(const Body& a, const Body& b, const ChoiceField<Body, First, Second>& field) {
    const auto same_row = [&](const auto&... chosen) { return (same_field(a, b, chosen) && ...); };
    return a.*field.member == b.*field.member && std::apply(same_row, field.first) &&
           std::apply(same_row, field.second);
}
template <class Body>
bool same_field(const Body& a, const Body& b, const OctetsField<Body>& field) {
    return same_octets(a.*field.member, b.*field.member);
}
template <class Body, class Entry>
bool same_field(const Body& a, const Body& b, const ListField<Body, Entry>& field) {
    const ListView<Entry>& left = a.*field.member;
    const ListView<Entry>& right = b.*field.member;
    if (left.size() != right.size()) return false;
    auto other = right.begin();
    std::size_t count = 0;
    for (const Entry& entry : left) {
        if (other == right.end() || !same_fields(entry, *other)) return false;
        ++other;
        ++count;
    }
    return count == left.size();
}

template <class Body>
bool same_fields(const Body& a, const Body& b) {
    return std::apply([&](const auto&... field) { return (same_field(a, b, field) && ...); }, Layout<Body>::fields);
}

template <class Body>
bool same(const Body& a, const Body& b) {
    return same_fields(a, b) && same_octets(a.tlvs.raw(), b.tlvs.raw());
}

}  // namespace sluice::smpp::test
