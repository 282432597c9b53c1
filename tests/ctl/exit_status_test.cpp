// SPDX-License-Identifier: Apache-2.0
#include "ctl/exit_status.hpp"

#include <gtest/gtest.h>

namespace scache::ctl {
namespace {

TEST(ExitStatus, TellsWhoseFaultItIs) {
  EXPECT_EQ(exit_status(ErrorCode::no_server), 3);
  EXPECT_EQ(exit_status(ErrorCode::invalid_argument), 2);
  for (const auto code : {ErrorCode::malformed, ErrorCode::unsupported, ErrorCode::full,
                          ErrorCode::refused, ErrorCode::too_large, ErrorCode::busy}) {
    EXPECT_EQ(exit_status(code), 4);
  }
  for (const auto code : {ErrorCode::timeout, ErrorCode::disconnected, ErrorCode::protocol,
                          ErrorCode::system, ErrorCode::cancelled}) {
    EXPECT_EQ(exit_status(code), 5);
  }
}

}  // namespace
}  // namespace scache::ctl
