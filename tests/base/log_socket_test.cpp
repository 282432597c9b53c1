#include "base/log_socket.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "support/scratch.hpp"

namespace scache {
namespace {

using namespace test;

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

TEST(LogSocket, WaitsOnceForALoggerThatStandsStill) {
  ScratchDirectory scratch;
  const Fd logger = bound_socket(scratch.path("log"), SOCK_DGRAM);
  LogSocket socket{scratch.path("log")};
  // The kernel queues a few records; then the logger is full.
  int sent = 0;
  while (sent < 100'000 && socket.send("record")) ++sent;
  ASSERT_LT(sent, 100'000);
  // From now on a record does not wait: two hundred times 50 ms would be ten seconds.
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 200; ++i) EXPECT_FALSE(socket.send("lost"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{5});
  EXPECT_EQ(arrived(logger.get()).size(), static_cast<std::size_t>(sent));
  EXPECT_TRUE(socket.send("kept"));
  EXPECT_EQ(arrived(logger.get()), std::vector<std::string>{"kept"});
}

TEST(LogSocket, GivesUpOnAPathThatIsTooLong) {
  LogSocket socket{std::string(108, 'x')};
  EXPECT_FALSE(socket.connected());
  EXPECT_FALSE(socket.send("lost"));
}

}  // namespace
}  // namespace scache
