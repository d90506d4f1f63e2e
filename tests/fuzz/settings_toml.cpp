// A settings file of any octets is read or refused with a reason, and what is read compiles.
// sources: engine/admin/settings_account.cpp engine/admin/settings_default.cpp engine/admin/settings_diff.cpp engine/admin/settings_document.cpp engine/admin/settings_load.cpp engine/admin/settings_provider.cpp engine/admin/settings_reader.cpp engine/admin/settings_resolve.cpp engine/admin/settings_route.cpp engine/admin/settings_sections.cpp engine/admin/settings_status.cpp engine/admin/settings_text.cpp engine/admin/password.cpp engine/routing/account.cpp engine/routing/address.cpp engine/routing/cidr.cpp engine/routing/prefix_index.cpp engine/routing/provider.cpp engine/routing/ranking.cpp engine/routing/route.cpp engine/routing/route_compile.cpp engine/routing/snapshot.cpp engine/routing/status.cpp
// libraries: wolfssl

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
    SLUICE_CHECK(sluice::routing::Snapshot::compile(settings->accounts, settings->providers, settings->routes));
    return 0;
}
