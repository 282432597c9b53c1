// SPDX-License-Identifier: Apache-2.0
#include "base/random.hpp"

#include <gtest/gtest.h>

namespace scache::base {
namespace {

TEST(RandomTest, NumbersDiffer) {
  EXPECT_NE(random_number(), random_number());
}

}  // namespace
}  // namespace scache::base
