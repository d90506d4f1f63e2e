#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "codecs/sms/national.hpp"
#include "engine/base/bytes.hpp"

/// User data headers (3GPP TS 23.040 §9.2.3.24): elements before the text of a message whose esm_class has UDHI set.
namespace sluice::sms {

/// Information element identifiers.
enum class ElementId : std::uint8_t {
    concatenation_8 = 0x00, ports_16 = 0x05, concatenation_16 = 0x08, single_shift = 0x24, locking_shift = 0x25,
};

struct Element {
    ElementId id{};
    ByteView data;
};

/// Which part of a long message this is. References of 8 and of 16 bits are separate spaces.
struct Concatenation {
    std::uint16_t reference = 0;
    std::uint8_t total = 0;  ///< 1 to 255
    std::uint8_t part = 0;   ///< 1 to `total`
    bool wide = false;       ///< the reference has 16 bits
    friend bool operator==(const Concatenation&, const Concatenation&) = default;
};

/// A header as received. The views live as long as the octets.
class UserDataHeader {
public:
    /// The header at the front of `user_data`; nothing when its length, or that of an element, leads beyond its end.
    static std::optional<UserDataHeader> parse(ByteView user_data);

    /// Octets that the header takes, its length octet included.
    std::size_t size() const { return elements_.size() + 1; }

    /// visit(const Element&) for each, in order.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (ByteView rest = elements_; !rest.empty(); rest = rest.subspan(2 + rest[1]))
            visit(Element{ElementId{rest[0]}, rest.subspan(2, rest[1])});
    }

    /// Wherever among the elements it stands (interop P13); the last one counts. One that cannot be (total or part 0,
    /// part beyond total) is as if it were not there.
    std::optional<Concatenation> concatenation() const;

    /// Which tables the text behind it is written with.
    NationalLanguage language() const;

private:
    explicit UserDataHeader(ByteView elements) : elements_(elements) {}
    ByteView elements_;
};

inline constexpr std::size_t concatenation_header_size = 6;  ///< with a reference of 8 bits

/// A header that says nothing but which part this is, with the low 8 bits of the reference.
std::array<std::uint8_t, concatenation_header_size> concatenation_header(const Concatenation& part);

/// The header's octets with its concatenation elements taken out and, if `part` is given, one for it put in front, of
/// 16 bits where it is wide; without those that name a language where the text behind it is GSM 7 no more. Empty when
/// nothing is left. Nothing when it would be longer than its length octet can say.
std::optional<std::vector<std::uint8_t>> with_concatenation(const UserDataHeader* header, const Concatenation* part,
                                                            bool keep_language = true);

}  // namespace sluice::sms
