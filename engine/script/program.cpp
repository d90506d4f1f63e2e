#include "engine/script/program.hpp"

#include <fmt/format.h>

namespace sluice::script {
namespace {

class Silent final : public Host {
public:
    void log(char, std::string_view, std::string_view) override {}
    WallTime now() override { return std::chrono::time_point_cast<microseconds>(std::chrono::system_clock::now()); }
};

}  // namespace

Result<void> check(const Script& script, const Limits& limits, Event event) {
    Silent host;
    Vm vm(limits, host, 1);
    const auto loaded = vm.load(script.file, script.text);
    if (!loaded) return std::unexpected(loaded.error());
    if (!vm.handles(*loaded, event))
        return fail(fmt::format("{}: has no function on_{}", script.file, name_of(event)));
    return {};
}

}  // namespace sluice::script
