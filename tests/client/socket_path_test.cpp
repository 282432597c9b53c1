// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <scache/socket_path.hpp>

namespace scache::client {
namespace {

TEST(SocketPath, IsAsTheEnvironmentHasItButForRootsOwn) {
  const std::string roots = "/run/scache/scached.sock";
  const std::string own = ::geteuid() == 0 ? roots : "/run/user/1000/scache/scached.sock";
  ::unsetenv("SCACHE_SOCKET");
  ::unsetenv("XDG_RUNTIME_DIR");
  EXPECT_EQ(default_socket_path(), roots);
  ::setenv("XDG_RUNTIME_DIR", "/run/user/1000", 1);
  EXPECT_EQ(default_socket_path(), own);
  ::setenv("SCACHE_SOCKET", "/tmp/s", 1);
  EXPECT_EQ(default_socket_path(), "/tmp/s");
  ::setenv("SCACHE_SOCKET", "", 1);
  EXPECT_EQ(default_socket_path(), own);
}

}  // namespace
}  // namespace scache::client
