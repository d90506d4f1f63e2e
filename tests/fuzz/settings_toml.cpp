// A settings file of any octets is read or refused with a reason, and what is read compiles.

#include <cstdint>
#include <string_view>

#include "engine/admin/settings.hpp"
#include "engine/base/check.hpp"
#include "engine/routing/snapshot.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto settings = sluice::admin::parse_settings(text, "fuzz.toml", "/nonexistent");
    if (!settings) {
        SLUICE_CHECK(settings.error().message.starts_with("fuzz.toml:"));
        return 0;
    }
    SLUICE_CHECK(sluice::admin::diff(*settings, *settings).empty());
    SLUICE_CHECK(sluice::routing::Snapshot::compile(settings->accounts, settings->providers, settings->routes,
                                                 settings->homes));
    return 0;
}
