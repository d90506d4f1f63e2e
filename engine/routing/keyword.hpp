#pragma once

#include <string>
#include <string_view>

namespace sluice::routing {

/// The first word of a text (UTF-8) as keywords are compared: without the punctuation around it, and folded by NFKC and
/// case, so that "Stop!", "STOP" and full-width letters are one. Words end at white space. What is longer than
/// `max_keyword` octets is cut, and so is no keyword. Empty when there is no word.
std::string keyword_of(std::string_view text);

inline constexpr std::size_t max_keyword = 160;

}  // namespace sluice::routing
