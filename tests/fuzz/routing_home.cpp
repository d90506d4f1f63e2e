// Any text is a form of number or refused; a set holds what its forms hold each; any octets have a keyword or none.

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/check.hpp"
#include "engine/routing/keyword.hpp"
#include "engine/routing/number_set.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice::routing;
    const std::string_view text(reinterpret_cast<const char*>(data), size);

    // Lines: the first is a number, the others make the set.
    const std::size_t first_end = text.find('\n');
    const Address number = Address::normalise(text.substr(0, first_end), 1);
    NumberSet all, doubled;
    bool any = false;
    for (std::string_view rest = first_end == text.npos ? "" : text.substr(first_end + 1); !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        NumberSet one;
        const auto added = one.add(line);
        SLUICE_CHECK(added.has_value() != one.empty());
        if (!added) continue;
        one.finish();
        any = any || one.contains(number);
        SLUICE_CHECK(all.add(line) && doubled.add(line) && doubled.add(line));
    }
    all.finish();
    doubled.finish();
    SLUICE_CHECK(all.contains(number) == any && doubled.contains(number) == any);

    const std::string word = keyword_of(text);
    SLUICE_CHECK(word.size() <= 20 * max_keyword);
    return 0;
}
