// SPDX-License-Identifier: Apache-2.0
#include "base/log_socket.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/scratch.hpp"

namespace scache::base {
namespace {

using namespace test;
using Sent = LogOutlet::Sent;

Sent try_send(LogSocket& socket, std::string_view record) {
  return socket.try_send(record);
}

TEST(LogSocket, SendsOneDatagramForEachRecord) {
  ScratchDirectory scratch;
  const Fd logger = bound_socket(scratch.path("log"), SOCK_DGRAM);
  LogSocket socket{scratch.path("log")};
  EXPECT_TRUE(socket.connected());
  EXPECT_TRUE(socket.send("one"));
  EXPECT_TRUE(socket.send("two"));
  EXPECT_EQ(arrived(logger.get()), (std::vector<std::string>{"one", "two"}));
}

TEST(LogSocket, FindsALoggerThatComesLater) {
  ScratchDirectory scratch;
  LogSocket socket{scratch.path("log")};
  EXPECT_FALSE(socket.connected());
  EXPECT_FALSE(socket.send("lost"));
  const Fd logger = bound_socket(scratch.path("log"), SOCK_DGRAM);
  EXPECT_TRUE(socket.send("kept"));
  EXPECT_EQ(arrived(logger.get()), std::vector<std::string>{"kept"});
}

TEST(LogSocket, FindsTheLoggerAgainThatWasStartedAnew) {
  ScratchDirectory scratch;
  Fd logger = bound_socket(scratch.path("log"), SOCK_DGRAM);
  LogSocket socket{scratch.path("log")};
  logger.reset();
  EXPECT_FALSE(socket.send("lost"));
  logger = bound_socket(scratch.path("log"), SOCK_DGRAM);
  EXPECT_TRUE(socket.send("kept"));
  logger = bound_socket(scratch.path("log"), SOCK_DGRAM);
  EXPECT_TRUE(socket.send("the first try meets the old one"));
  EXPECT_EQ(arrived(logger.get()), std::vector<std::string>{"the first try meets the old one"});
}

TEST(LogSocket, ALoggerThatStandsStillIsNotWaitedFor) {
  ScratchDirectory scratch;
  const Fd logger = bound_socket(scratch.path("log"), SOCK_DGRAM);
  LogSocket socket{scratch.path("log")};
  // The kernel queues a few records; then the logger is full.
  int sent = 0;
  while (sent < 100'000 && try_send(socket, "record") == Sent::yes) ++sent;
  ASSERT_LT(sent, 100'000);
  EXPECT_EQ(try_send(socket, "not now"), Sent::not_now);
  EXPECT_EQ(arrived(logger.get()).size(), static_cast<std::size_t>(sent));
  EXPECT_EQ(try_send(socket, "kept"), Sent::yes);
  EXPECT_EQ(arrived(logger.get()), std::vector<std::string>{"kept"});
}

TEST(LogSocket, SendWaitsForRoom) {
  ScratchDirectory scratch;
  const Fd logger = bound_socket(scratch.path("log"), SOCK_DGRAM);
  LogSocket socket{scratch.path("log")};
  int sent = 0;
  while (try_send(socket, "record") == Sent::yes) ++sent;
  std::thread reader{[&] {
    for (int i = 0; i <= sent; ++i) {
      char byte = 0;
      EXPECT_GT(::recv(logger.get(), &byte, 1, 0), 0);
    }
  }};
  EXPECT_TRUE(socket.send("kept"));
  reader.join();
}

TEST(LogSocket, GivesUpOnAPathThatIsTooLong) {
  LogSocket socket{std::string(108, 'x')};
  EXPECT_FALSE(socket.connected());
  EXPECT_FALSE(socket.send("lost"));
}

}  // namespace
}  // namespace scache::base
