// Any octets as a time: what parses formats to a text that parses to the same time.

#include "codecs/smpp/time.hpp"

#include <cstddef>

#include "tests/smpp/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice;
    using namespace sluice::smpp;
    using namespace std::chrono;
    using test::require;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const WallTime now = sys_days(year(2024) / 2 / 29) + hours(13);

    // Two digits of a year reach from 1938 to 2037; zones and relative times may lead a little beyond.
    const auto in_window = [](WallTime time) {
        return time >= sys_days(year(1938) / 1 / 1) && time < sys_days(year(2038) / 1 / 1);
    };

    if (const auto time = parse_time(text, now)) {
        require(size == 16, "a time has 16 characters");
        if (text.back() == 'R') require(*time >= now, "a relative time is not in the past");
        if (in_window(*time)) require(parse_time(format_absolute(*time), now) == time, "an absolute time comes back");
    }
    if (const auto date = parse_date(text); date && in_window(*date)) {
        require(parse_date(format_absolute(*date)) == floor<milliseconds>(*date), "a date comes back");
        require(parse_date(format_seconds(*date)) == floor<std::chrono::seconds>(*date), "to the second");
    }
    return 0;
}
