#pragma once

#include <cstdint>

/// National language shift tables of GSM 7 (3GPP TS 23.038 §6.2.1.2): a user data header names the language of the text
/// behind it (TS 23.040 §9.2.3.24.15 and .16).
namespace sluice::sms {

/// Languages by identifier, 1 Turkish to 13 Urdu; 0 and what is not known: the default tables.
struct NationalLanguage {
    std::uint8_t locking = 0;  ///< replaces the main table
    std::uint8_t single = 0;   ///< replaces the extension table
    friend bool operator==(const NationalLanguage&, const NationalLanguage&) = default;
};

bool has_locking_table(std::uint8_t language);
bool has_single_table(std::uint8_t language);

/// The character of a septet; 0 where the table, if there is one, has none.
char16_t locking_character(std::uint8_t language, std::uint8_t septet);
char16_t single_character(std::uint8_t language, std::uint8_t septet);

}  // namespace sluice::sms
