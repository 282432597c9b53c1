// SPDX-License-Identifier: Apache-2.0
#include "base/user_namespace.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include "support/scratch.hpp"

namespace scache::base {
namespace {

using namespace test;

TEST(UserNamespace, GivesEveryIdANumberOrDoesNot) {
  EXPECT_TRUE(maps_every_id("         0          0 4294967295\n"));
  EXPECT_TRUE(maps_every_id("0 0 1000\n1000 1000 4294966295\n"));
  EXPECT_FALSE(maps_every_id("0 1000 1\n1 100000 65536\n"));
  EXPECT_FALSE(maps_every_id("0 0 4294967294\n"));
  EXPECT_FALSE(maps_every_id(""));
  EXPECT_FALSE(maps_every_id("no map"));
}

TEST(UserNamespace, WithoutAMapHasOverflowIds) {
  const std::string told = in_child([] {
    if (::unshare(CLONE_NEWUSER) != 0) return std::string{"forbidden"};
    const OverflowIds ids = overflow_ids();
    return fmt::format("{} {}", ids.user == ::geteuid(), ids.group == ::getegid());
  });
  if (told == "forbidden") GTEST_SKIP() << "the system forbids user namespaces";
  EXPECT_EQ(told, "true true");
}

}  // namespace
}  // namespace scache::base
