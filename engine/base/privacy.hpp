#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace sluice {

/// What is written about people where people look: logs, history, traces, lists.
/// What is stored to be delivered is whole in any case.
struct Privacy {
    enum class Numbers : std::uint8_t {
        none,   ///< written as they are
        last4,  ///< every digit but the last four is written `*`
        all,    ///< every digit is written `*`
    };
    Numbers numbers = Numbers::none;
    bool text = false;  ///< messages' texts are written `*`

    bool any() const { return numbers != Numbers::none || text; }
    friend bool operator==(const Privacy&, const Privacy&) = default;

    /// Masks an address in place: its digits. Letters stay, so that alphanumeric senders can be told apart.
    void mask_address(std::span<char> address) const {
        if (numbers == Numbers::none) return;
        std::size_t kept = numbers == Numbers::last4 ? 4 : 0;
        for (std::size_t i = address.size(); i-- > 0;) {
            if (address[i] < '0' || address[i] > '9') continue;
            if (kept > 0) --kept;
            else address[i] = '*';
        }
    }
    std::string masked_address(std::string address) const {
        mask_address(address);
        return address;
    }
    /// Masks in place what can be a subscriber's number in any text: 7 to 15 digits in a row, as E.164 has them. Ids
    /// of ours are longer, ports and counts are shorter.
    void mask_numbers(std::span<char> line) const {
        if (numbers == Numbers::none) return;
        for (std::size_t i = 0; i < line.size();) {
            std::size_t end = i;
            while (end < line.size() && line[end] >= '0' && line[end] <= '9') ++end;
            if (end - i >= 7 && end - i <= 15) mask_address(line.subspan(i, end - i));
            i = end + 1;
        }
    }
};

}  // namespace sluice
