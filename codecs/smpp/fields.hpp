#pragma once

#include <algorithm>
#include <cstring>
#include <tuple>
#include <type_traits>
#include <utility>

#include "codecs/smpp/layout.hpp"
#include "codecs/smpp/pdu.hpp"
#include "engine/base/text_size.hpp"

/// Reading and writing of single fields by their rows. For the codec's own .cpp files; everything else uses pdu.hpp.
namespace sluice::smpp::detail {

// What reads a field is part of what reads its body: there the field's row is known, and the Reader is in registers.
#define SLUICE_INLINE [[gnu::always_inline]] inline

/// The octets not yet read, and what went wrong.
struct Reader {
    const std::uint8_t* at;
    const std::uint8_t* end;
    DecodeOptions options;
    DecodeError error{};

    Reader(ByteView from, const DecodeOptions& how) : at(from.data()), end(at + from.size()), options(how) {}

    std::size_t left() const { return static_cast<std::size_t>(end - at); }
    bool fail(CommandStatus status, const char* field) {
        error = {status, field};
        return false;
    }
};

template <class Body>
bool read_fields(Reader& from, Body& body);
template <class Body>
std::uint8_t* write_fields(const Body& body, std::uint8_t* to);

template <class Body>
std::size_t limit_of(const TextField<Body>& field, const DecodeOptions& options) {
    return options.long_credentials ? field.long_max : field.max;
}

template <class Body>
SLUICE_INLINE bool read_field(Reader& from, Body& body, const TextField<Body>& field) {
    const std::size_t limit = std::min(from.left(), limit_of(field, from.options));
    if (limit == 0) return from.fail(field.error, field.name);
    const std::size_t size = *from.at == 0 ? 0 : text_size(from.at, limit, from.end);
    if (size == limit) return from.fail(field.error, field.name);
    body.*field.member = as_text({from.at, size});
    from.at += size + 1;
    return true;
}

/// It is known to be there.
template <class Body, class Integer>
SLUICE_INLINE void take_field(Reader& from, Body& body, const IntegerField<Body, Integer>& field) {
    body.*field.member = load_be<Integer>(from.at);
    from.at += sizeof(Integer);
}

template <class Body, class Integer>
SLUICE_INLINE bool read_field(Reader& from, Body& body, const IntegerField<Body, Integer>& field) {
    if (from.left() < sizeof(Integer)) return from.fail(field.error, field.name);
    take_field(from, body, field);
    return true;
}

template <class Body>
SLUICE_INLINE bool read_field(Reader& from, Body& body, const OctetsField<Body>& field) {
    if (from.left() == 0) return from.fail(field.error, field.length_name);
    const std::size_t size = *from.at++;
    if (size > from.options.max_short_message || size > from.left()) return from.fail(field.error, field.length_name);
    body.*field.member = {from.at, size};
    from.at += size;
    return true;
}

template <class Body, class Entry>
bool read_field(Reader& from, Body& body, const ListField<Body, Entry>& field) {
    if (from.left() == 0) return from.fail(field.error, field.count_name);
    const std::uint8_t count = *from.at++;
    const std::uint8_t* const begin = from.at;
    for (unsigned i = 0; i < count; ++i) {
        Entry entry;
        if (!read_fields(from, entry)) return false;
    }
    body.*field.member = {{begin, static_cast<std::size_t>(from.at - begin)}, count};
    return true;
}

template <class Body, class First, class Second>
bool read_field(Reader& from, Body& body, const ChoiceField<Body, First, Second>& field) {
    if (from.left() == 0) return from.fail(field.error, field.name);
    const std::uint8_t flag = *from.at++;
    body.*field.member = flag;
    const auto read_row = [&](const auto&... fields) { return (read_field(from, body, fields) && ...); };
    if (flag == 1) return std::apply(read_row, field.first);
    if (flag == 2) return std::apply(read_row, field.second);
    return from.fail(field.error, field.name);
}

/// Octets of a field that always has as many; else 0.
template <class Field>
inline constexpr std::size_t fixed_size = 0;
template <class Body, class Integer>
inline constexpr std::size_t fixed_size<IntegerField<Body, Integer>> = sizeof(Integer);

/// Of the field at `place` and the integers that follow it: how many they are, and their octets. None where it is no
/// integer, or follows one.
struct Run {
    std::size_t fields = 0, octets = 0;
};
template <class... Fields>
consteval Run run_at(std::size_t place, std::type_identity<std::tuple<Fields...>>) {
    constexpr std::size_t sizes[] = {fixed_size<Fields>..., 0};
    Run run;
    if (place > 0 && sizes[place - 1] != 0) return run;
    for (; sizes[place + run.fields] != 0; ++run.fields) run.octets += sizes[place + run.fields];
    return run;
}

/// Whether integers that follow each other are there is asked of all of them at once, by the first.
template <std::size_t place, class Body>
SLUICE_INLINE bool read_at(Reader& from, Body& body) {
    constexpr const auto& fields = Layout<Body>::fields;
    using Fields = std::remove_cvref_t<decltype(fields)>;
    constexpr Run run = run_at(place, std::type_identity<Fields>());
    if constexpr (fixed_size<std::tuple_element_t<place, Fields>> == 0) {
        return read_field(from, body, std::get<place>(fields));
    } else {
        if constexpr (run.fields > 1)
            if (from.left() < run.octets) [[unlikely]]  // tells which is missing
                return [&]<std::size_t... next>(std::index_sequence<next...>) {
                    return (read_field(from, body, std::get<place + next>(fields)) && ...);
                }(std::make_index_sequence<run.fields>());
        if constexpr (run.fields == 1) return read_field(from, body, std::get<place>(fields));
        take_field(from, body, std::get<place>(fields));
        return true;
    }
}

#undef SLUICE_INLINE

template <class Body>
bool read_fields(Reader& from, Body& body) {
    return [&]<std::size_t... place>(std::index_sequence<place...>) {
        return (read_at<place>(from, body) && ...);
    }(std::make_index_sequence<std::tuple_size_v<std::remove_cvref_t<decltype(Layout<Body>::fields)>>>());
}

/// What a text field can carry of a value.
template <class Body>
std::string_view fitting(const TextField<Body>& field, std::string_view value) {
    const std::string_view cut = value.substr(0, field.long_max - 1u);
    return cut.substr(0, cut.find('\0'));
}

inline std::uint8_t* put(std::uint8_t* to, const void* from, std::size_t size) {
    if (size > 0) std::memcpy(to, from, size);
    return to + size;
}

template <class Body>
std::uint8_t* write_field(const Body& body, const TextField<Body>& field, std::uint8_t* to) {
    const std::string_view value = fitting(field, body.*field.member);
    to = put(to, value.data(), value.size());
    *to = 0;
    return to + 1;
}

template <class Body, class Integer>
std::uint8_t* write_field(const Body& body, const IntegerField<Body, Integer>& field, std::uint8_t* to) {
    store_be(to, body.*field.member);
    return to + sizeof(Integer);
}

template <class Body>
std::uint8_t* write_field(const Body& body, const OctetsField<Body>& field, std::uint8_t* to) {
    const ByteView value = body.*field.member;
    const std::size_t size = std::min<std::size_t>(value.size(), 0xFF);
    *to = static_cast<std::uint8_t>(size);
    return put(to + 1, value.data(), size);
}

template <class Body, class Entry>
std::uint8_t* write_field(const Body& body, const ListField<Body, Entry>& field, std::uint8_t* to) {
    const ListView<Entry>& list = body.*field.member;
    *to = static_cast<std::uint8_t>(list.size());
    return put(to + 1, list.raw().data(), list.raw().size());
}

template <class Body, class First, class Second>
std::uint8_t* write_field(const Body& body, const ChoiceField<Body, First, Second>& field, std::uint8_t* to) {
    const std::uint8_t flag = body.*field.member;
    *to++ = flag;
    const auto write_row = [&](const auto&... fields) { ((to = write_field(body, fields, to)), ...); };
    if (flag == 1) std::apply(write_row, field.first);
    if (flag == 2) std::apply(write_row, field.second);
    return to;
}

template <class Body>
std::uint8_t* write_fields(const Body& body, std::uint8_t* to) {
    std::apply([&](const auto&... fields) { ((to = write_field(body, fields, to)), ...); }, Layout<Body>::fields);
    return to;
}

// Sizes: what write_field writes at most; exactly that, when nothing is cut.
template <class Body>
std::size_t size_of(const Body& body, const TextField<Body>& field) {
    return std::min<std::size_t>((body.*field.member).size(), field.long_max - 1u) + 1;
}
template <class Body, class Integer>
std::size_t size_of(const Body&, const IntegerField<Body, Integer>&) {
    return sizeof(Integer);
}
template <class Body>
std::size_t size_of(const Body& body, const OctetsField<Body>& field) {
    return 1 + std::min<std::size_t>((body.*field.member).size(), 0xFF);
}
template <class Body, class Entry>
std::size_t size_of(const Body& body, const ListField<Body, Entry>& field) {
    return 1 + (body.*field.member).raw().size();
}
template <class Body, class First, class Second>
std::size_t size_of(const Body& body, const ChoiceField<Body, First, Second>& field) {
    const std::uint8_t flag = body.*field.member;
    const auto size_of_row = [&](const auto&... fields) { return (size_of(body, fields) + ... + std::size_t{0}); };
    return 1 + (flag == 1 ? std::apply(size_of_row, field.first) : 0) +
           (flag == 2 ? std::apply(size_of_row, field.second) : 0);
}
template <class Body>
std::size_t size_of_fields(const Body& body) {
    return std::apply([&](const auto&... fields) { return (size_of(body, fields) + ... + std::size_t{0}); },
                      Layout<Body>::fields);
}

}  // namespace sluice::smpp::detail
