// SPDX-License-Identifier: Apache-2.0
#include "base/socket_path.hpp"

#include <gtest/gtest.h>

namespace scache::base {
namespace {

TEST(SocketPath, OfRootIsTheMachines) {
  EXPECT_EQ(default_socket_path(0, nullptr), "/run/scache/scached.sock");
  EXPECT_EQ(default_socket_path(0, "/run/user/0"), "/run/scache/scached.sock");
}

TEST(SocketPath, OfOthersIsInTheirDirectory) {
  EXPECT_EQ(default_socket_path(1000, "/run/user/1000"), "/run/user/1000/scache/scached.sock");
}

TEST(SocketPath, IsNowhereWithoutADirectory) {
  EXPECT_EQ(default_socket_path(1000, nullptr), "");
  EXPECT_EQ(default_socket_path(1000, ""), "");
  EXPECT_EQ(default_socket_path(1000, "run/user"), "");
}

}  // namespace
}  // namespace scache::base
