#pragma once

#include <nlohmann/json.hpp>

#include <string>

#include "codecs/smpp/hex.hpp"
#include "codecs/smpp/layout.hpp"

/// Bodies as JSON, by the names of the tables: texts as strings (octets above 0x7F as Latin-1), octets as {"hex": ...},
/// lists as arrays of objects.
namespace sluice::smpp::test {

inline std::string latin1_to_utf8(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet < 0x80) {
            out += c;
        } else {
            out += static_cast<char>(0xC0 | octet >> 6);
            out += static_cast<char>(0x80 | (octet & 0x3F));
        }
    }
    return out;
}

template <class Body>
nlohmann::json fields_as_json(const Body& body);

template <class Body>
void add(nlohmann::json& to, const Body& body, const TextField<Body>& field) {
    to[field.name] = latin1_to_utf8(body.*field.member);
}
template <class Body, class Integer>
void add(nlohmann::json& to, const Body& body, const IntegerField<Body, Integer>& field) {
    to[field.name] = body.*field.member;
}
template <class Body>
void add(nlohmann::json& to, const Body& body, const OctetsField<Body>& field) {
    to[field.length_name] = (body.*field.member).size();
    to[field.name] = {{"hex", to_hex(body.*field.member)}};
}
template <class Body, class Entry>
void add(nlohmann::json& to, const Body& body, const ListField<Body, Entry>& field) {
    to[field.count_name] = (body.*field.member).size();
    to[field.name] = nlohmann::json::array();
    for (const Entry& entry : body.*field.member) to[field.name].push_back(fields_as_json(entry));
}
template <class Body, class First, class Second>
void add(nlohmann::json& to, const Body& body, const ChoiceField<Body, First, Second>& field) {
    to[field.name] = body.*field.member;
    const auto add_row = [&](const auto&... chosen) { (add(to, body, chosen), ...); };
    if (body.*field.member == 1)
        std::apply(add_row, field.first);
    else
        std::apply(add_row, field.second);
}

template <class Body>
nlohmann::json fields_as_json(const Body& body) {
    nlohmann::json result = nlohmann::json::object();
    std::apply([&](const auto&... field) { (add(result, body, field), ...); }, Layout<Body>::fields);
    return result;
}

/// [{"tag": "0x0427", "hex": "02"}, ...]
inline nlohmann::json tlvs_as_json(const TlvView& tlvs) {
    nlohmann::json result = nlohmann::json::array();
    for (const Tlv tlv : tlvs) {
        std::uint8_t tag[2];
        store_be(tag, static_cast<std::uint16_t>(tlv.tag));
        result.push_back({{"tag", "0x" + to_hex(tag)}, {"hex", to_hex(tlv.value)}});
    }
    return result;
}

}  // namespace sluice::smpp::test
