// SPDX-License-Identifier: Apache-2.0
#include "base/check.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

namespace scache::base {
namespace {

TEST(CheckTest, WhatHoldsGoesOn) {
  check(true, "nothing is wrong");
}

// Compilers disagree about the line of a macro's argument.
constexpr unsigned kLineOfFailure = __LINE__ + 2;
void fail() {
  check(false, "the sum is wrong");
}

TEST(CheckDeathTest, WhatDoesNotHoldAbortsAndSaysWhere) {
  const std::string place = "check_test.cpp:" + std::to_string(kLineOfFailure);
  EXPECT_EXIT(fail(), testing::KilledBySignal(SIGABRT), place + ": the sum is wrong\n");
}

TEST(CheckDeathTest, ALongTextIsCutShort) {
  const std::string text(5'000, 'x');
  EXPECT_EXIT(check(false, text.c_str()), testing::KilledBySignal(SIGABRT), ": xxx");
}

// Standard error is a full pipe without a reader.
[[noreturn]] void fail_with_full_standard_error() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_NONBLOCK) != 0) ::_exit(1);
  while (::write(ends[1], "x", 1) == 1) {
  }
  ::fcntl(ends[1], F_SETFL, 0);
  ::dup2(ends[1], STDERR_FILENO);
  ::alarm(10);
  check(false, "nobody hears of it");
  ::_exit(2);
}

TEST(CheckDeathTest, AFullStandardErrorDoesNotHoldItUp) {
  EXPECT_EXIT(fail_with_full_standard_error(), testing::KilledBySignal(SIGABRT), "");
}

}  // namespace
}  // namespace scache::base
