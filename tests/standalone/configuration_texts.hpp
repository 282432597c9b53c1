// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "standalone/configuration_file.hpp"
#include "standalone/some_accounts.hpp"

namespace scache::standalone {

// The values of a configuration file named "f" without errors, and the errors of one.
inline Configuration read(const std::string& text) {
  const Reading reading = parse_configuration(text, "f", some_accounts());
  EXPECT_THAT(reading.complaints, testing::IsEmpty()) << text;
  return reading.configuration;
}
inline std::vector<std::string> complaints(const std::string& text) {
  return parse_configuration(text, "f", some_accounts()).complaints;
}

}  // namespace scache::standalone
