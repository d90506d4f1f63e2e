#pragma once

#include <optional>
#include <string>
#include <string_view>

/// UTF-16 in the machine's own order of octets, for those outside who want it.
namespace sluice::sms {

/// Nothing when the text is no UTF-8.
std::optional<std::u16string> to_utf16(std::string_view utf8);

/// Lone surrogates become the replacement character.
std::string from_utf16(std::u16string_view utf16);

}  // namespace sluice::sms
