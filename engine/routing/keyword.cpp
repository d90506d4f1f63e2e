#include "engine/routing/keyword.hpp"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>

namespace sluice::routing {
namespace {

enum class Sort { space, punctuation, other };

Sort sort_of(utf8proc_int32_t code_point) {
    switch (utf8proc_category(code_point)) {
        case UTF8PROC_CATEGORY_ZS:
        case UTF8PROC_CATEGORY_ZL:
        case UTF8PROC_CATEGORY_ZP:
        case UTF8PROC_CATEGORY_CC: return Sort::space;
        case UTF8PROC_CATEGORY_CF:
        case UTF8PROC_CATEGORY_PC:
        case UTF8PROC_CATEGORY_PD:
        case UTF8PROC_CATEGORY_PS:
        case UTF8PROC_CATEGORY_PE:
        case UTF8PROC_CATEGORY_PI:
        case UTF8PROC_CATEGORY_PF:
        case UTF8PROC_CATEGORY_PO: return Sort::punctuation;
        default: return Sort::other;
    }
}

const utf8proc_uint8_t* octets(std::string_view text) {
    return reinterpret_cast<const utf8proc_uint8_t*>(text.data());
}

std::string folded(std::string_view word) {
    constexpr auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE |
                                                            UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
    utf8proc_uint8_t* mapped = nullptr;
    const utf8proc_ssize_t size =
        utf8proc_map(octets(word), static_cast<utf8proc_ssize_t>(word.size()), &mapped, options);
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
    return size < 0 ? std::string(word)
                    : std::string(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size));
}

}  // namespace

std::string keyword_of(std::string_view text) {
    std::size_t begin = 0, end = 0;  // of the word as far as it is known
    for (std::size_t at = 0; at < text.size() && at - begin < max_keyword;) {
        utf8proc_int32_t code_point = 0;
        const utf8proc_ssize_t read =
            utf8proc_iterate(octets(text) + at, static_cast<utf8proc_ssize_t>(text.size() - at), &code_point);
        const Sort sort = read > 0 ? sort_of(code_point) : Sort::other;  // what is no UTF-8 is taken octet by octet
        const std::size_t next = at + (read > 0 ? static_cast<std::size_t>(read) : 1);
        if (sort == Sort::other) end = next;
        else if (end == 0) begin = next;
        else if (sort == Sort::space) break;
        at = next;
    }
    return end > begin ? folded(text.substr(begin, end - begin)) : std::string();
}

}  // namespace sluice::routing
