#pragma once

#include <span>
#include <string_view>

namespace sluice::script {

/// A script to begin with, as `sluice trigger new` writes it. Its first line says in a comment what it does, its second
/// "-- event: NAME".
struct Template {
    std::string_view name;
    std::string_view text;
};
std::span<const Template> templates();

}  // namespace sluice::script
