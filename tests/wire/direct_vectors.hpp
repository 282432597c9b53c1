// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace scache::wire::direct {

// The `frames` or the `malformed` frames of tests/vectors/direct.json.
inline nlohmann::json vectors(const char* which) {
  std::ifstream file{SCACHE_VECTORS "/direct.json"};
  nlohmann::json found = nlohmann::json::parse(file).at(which);
  EXPECT_FALSE(found.empty());
  return found;
}

inline std::string unhex(const std::string& digits) {
  std::string bytes;
  for (std::size_t at = 0; at < digits.size(); at += 2) {
    bytes.push_back(static_cast<char>(std::stoi(digits.substr(at, 2), nullptr, 16)));
  }
  return bytes;
}

}  // namespace scache::wire::direct
