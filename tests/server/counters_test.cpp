// SPDX-License-Identifier: Apache-2.0
#include "server/counters.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace scache::server {
namespace {

TEST(Statistics, HaveDifferentNamesAndValues) {
  std::set<std::string_view> names;
  Snapshot snapshot;
  std::uint64_t count = 0;
  for (const Statistic& each : statistics()) snapshot.*each.value = ++count;
  EXPECT_EQ(count * sizeof count, sizeof snapshot) << "a value without a name";
  count = 0;
  for (const Statistic& each : statistics()) {
    EXPECT_EQ(snapshot.*each.value, ++count) << each.name << " has the value of another one";
    EXPECT_TRUE(names.insert(each.name).second) << each.name;
    EXPECT_FALSE(each.help.empty()) << each.name;
  }
}

}  // namespace
}  // namespace scache::server
