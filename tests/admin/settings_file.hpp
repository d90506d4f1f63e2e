#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "engine/admin/password.hpp"
#include "engine/admin/settings.hpp"

/// Configurations for tests of one setting, and what is said about them.
namespace sluice::admin {

inline const std::string hash = *hash_password("secret", {10, 1, 1});

/// A file with one account, one provider and one route, and whatever is to be looked at.
inline std::string file_with(const std::string& account = "", const std::string& provider = "",
                             const std::string& rest = "") {
    return "[[listener]]\nendpoint = \"127.0.0.1:2775\"\n"
           "[[account]]\nsystem_id = \"acme\"\npassword_hash = \"" + hash + "\"\n" + account + "\n" +
           "[[provider]]\nname = \"mc\"\nendpoints = [\"127.0.0.1:2776\"]\nsystem_id = \"us\"\n" + provider + "\n" +
           rest + "\n[[route]]\nvia = [\"mc\"]\n";
}

/// What is to be looked at, then the listener and the provider that every file has, and what else this one needs.
/// Errors are in the lines of `text`, and files in `folder`.
inline Result<Settings> with(const std::string& text, std::string_view rest = "",
                             const std::filesystem::path& folder = {}) {
    constexpr std::string_view listener_and_provider = R"(
[[listener]]
endpoint = "127.0.0.1:0"
[[provider]]
name = "north"
endpoints = ["127.0.0.1:2775"]
system_id = "sluice"
)";
    return parse_settings(text + std::string(listener_and_provider) + std::string(rest), "test.toml", folder);
}

inline Settings good(const std::string& text) {
    auto settings = parse_settings(text, "t.toml");
    EXPECT_TRUE(settings) << settings.error().message;
    return settings ? std::move(*settings) : Settings{};
}

inline std::string error_of(const std::string& text) {
    const auto settings = parse_settings(text, "t.toml");
    return settings ? "" : settings.error().message;
}

/// The part of the error after the position.
inline std::string what_of(const std::string& text) {
    std::string error = error_of(text);
    for (int i = 0; i < 3; ++i) error = error.substr(std::min(error.size(), error.find(':') + 1));
    return error;
}

}  // namespace sluice::admin
