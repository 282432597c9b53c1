// SPDX-License-Identifier: Apache-2.0
#include "ctl/connect.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace scache::ctl {
namespace {

using namespace std::chrono_literals;

// A socket that is bound to the loopback address but does not listen, and its port.
std::pair<Descriptor, std::string> bound() {
  Descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  return {std::move(socket), std::to_string(ntohs(address.sin_port))};
}

std::pair<Descriptor, Descriptor> pair() {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  return {Descriptor{ends[0]}, Descriptor{ends[1]}};
}

TEST(Connect, LeadsToWhoeverListens) {
  const auto [listener, port] = bound();
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  const auto connection = connect_to("127.0.0.1", port, 10s);
  ASSERT_TRUE(connection) << connection.error().text;
  EXPECT_EQ(::fcntl(connection->get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(::fcntl(connection->get(), F_GETFD), FD_CLOEXEC);
  EXPECT_TRUE(is_reusable(connection->get()));
  const Descriptor accepted{::accept(listener.get(), nullptr, nullptr)};
  EXPECT_EQ(::send(accepted.get(), "x", 1, 0), 1);
  char byte = 0;
  EXPECT_EQ(::recv(connection->get(), &byte, 1, 0), 1);
}

TEST(Connect, SaysWhyThereIsNobody) {
  const auto [nobody, port] = bound();
  const auto refused = connect_to("127.0.0.1", port, 10s);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text, "127.0.0.1:" + port + ": Connection refused");
  EXPECT_FALSE(connect_to("127.0.0.1", "no such service", 10s));
}

TEST(Connect, ItsTimeIsLimited) {
  const auto [listener, port] = bound();
  ASSERT_EQ(::listen(listener.get(), 0), 0);
  // The first fills the backlog; the next gets no answer.
  const auto first = connect_to("127.0.0.1", port, 10s);
  ASSERT_TRUE(first);
  const auto second = connect_to("127.0.0.1", port, 20ms);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().text, "127.0.0.1:" + port + ": Connection timed out");
}

TEST(Quiet, IsWhoHasNothingToSay) {
  const auto [mine, other] = pair();
  EXPECT_TRUE(is_reusable(mine.get()));
  ASSERT_EQ(::send(other.get(), "x", 1, 0), 1);
  EXPECT_FALSE(is_reusable(mine.get()));
}

TEST(Quiet, IsNobodyWhoHasClosed) {
  auto [mine, other] = pair();
  other.reset();
  EXPECT_FALSE(is_reusable(mine.get()));
  auto [mine_too, half] = pair();
  ASSERT_EQ(::shutdown(half.get(), SHUT_WR), 0);
  EXPECT_FALSE(is_reusable(mine_too.get()));
}

TEST(Blocking, IsWhatProgramsExpect) {
  const auto [mine, other] = pair();
  ASSERT_EQ(::fcntl(mine.get(), F_SETFL, O_NONBLOCK), 0);
  make_blocking(mine.get());
  EXPECT_EQ(::fcntl(mine.get(), F_GETFL) & O_NONBLOCK, 0);
}

}  // namespace
}  // namespace scache::ctl
