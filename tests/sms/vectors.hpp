#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "codecs/smpp/hex.hpp"

namespace sluice::sms::test {

using Octets = std::vector<std::uint8_t>;

inline Octets octets(std::string_view hex) { return smpp::parse_hex(hex).value(); }

/// Empty when the shared folder is not there.
inline nlohmann::json vectors(const char* file) {
    const char* shared = std::getenv("SLUICE_SHARED");
    const std::filesystem::path path = std::filesystem::path(shared != nullptr ? shared : "") / "vectors" / file;
    std::ifstream in(path);
    return in ? nlohmann::json::parse(in).at("vectors") : nlohmann::json::array();
}

}  // namespace sluice::sms::test

#define SLUICE_VECTORS_OR_SKIP(name, file) \
    const auto name = sluice::sms::test::vectors(file); \
    if (name.empty()) GTEST_SKIP() << "no " << file << " (SLUICE_SHARED)"
