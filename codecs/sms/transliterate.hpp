#pragma once

#include <string>
#include <string_view>

#include "codecs/sms/charset.hpp"

namespace sluice::sms {

/// The text with every character that `charset` lacks replaced by what comes nearest in it:
/// letters without their marks, plain quotation marks and dashes, and "?" where nothing does.
/// Bad UTF-8 gives "?" too. The result always encodes.
std::string transliterate(std::string_view utf8, Charset charset);

}  // namespace sluice::sms
