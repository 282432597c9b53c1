// SPDX-License-Identifier: Apache-2.0
#include "client/socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>

#include "support/descriptors.hpp"
#include "support/listening.hpp"

namespace scache::client {
namespace {

using std::chrono::milliseconds;
using test::is_close_on_exec;
using test::is_open;

Instant in(milliseconds time) {
  return after(BootClock::now(), time);
}

class SocketToAServer : public test::DescriptorCensus {
 protected:
  test::Listening listening_;
};

TEST_F(SocketToAServer, ConnectsAndIsCloseOnExec) {
  Socket socket;
  EXPECT_EQ(socket.get(), -1);
  ASSERT_EQ(socket.open(listening_.path(), in(milliseconds{5'000})), 0);
  EXPECT_TRUE(is_close_on_exec(socket.get()));
  const int number = socket.get();
  socket.close();
  EXPECT_FALSE(is_open(number));
  EXPECT_EQ(socket.get(), -1);
}

TEST_F(SocketToAServer, SaysWhyItCannotConnect) {
  Socket socket;
  EXPECT_EQ(socket.open(listening_.path() + ".not", in(milliseconds{0})), ENOENT);
  EXPECT_EQ(socket.open("", in(milliseconds{0})), ENAMETOOLONG);
  EXPECT_EQ(socket.open(std::string(108, 'x'), in(milliseconds{0})), ENAMETOOLONG);
  EXPECT_EQ(socket.open(std::string(107, 'x'), in(milliseconds{0})), ENOENT);
  EXPECT_EQ(socket.get(), -1);
}

TEST_F(SocketToAServer, WaitsForRoomInTheBacklogUntilTheDeadline) {
  ASSERT_EQ(::listen(listening_.descriptor(), 0), 0);
  Socket first;
  ASSERT_EQ(first.open(listening_.path(), in(milliseconds{0})), 0);
  Socket second;
  EXPECT_EQ(second.open(listening_.path(), Instant::min()), EAGAIN);
  const Instant before = BootClock::now();
  EXPECT_EQ(second.open(listening_.path(), in(milliseconds{20})), EAGAIN);
  EXPECT_GE(BootClock::now() - before, milliseconds{20});
}

TEST_F(SocketToAServer, ConnectsAnewInAChild) {
  Socket socket;
  ASSERT_EQ(socket.open(listening_.path(), in(milliseconds{5'000})), 0);
  const int number = socket.get();
  const pid_t child = ::fork();
  if (child == 0) {
    const bool closed = !is_open(number) && socket.get() == -1;
    ::_exit(closed && socket.open(listening_.path(), in(milliseconds{5'000})) == 0 ? 0 : 1);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(socket.get(), number);
  EXPECT_TRUE(is_open(number));
}

// SO_RCVTIMEO, in milliseconds.
long receive_timeout(const Socket& socket) {
  timeval value{};
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &value, &size), 0);
  return value.tv_sec * 1'000 + value.tv_usec / 1'000;
}

TEST_F(SocketToAServer, LimitsItsReceives) {
  Socket socket;
  EXPECT_FALSE(socket.limit_receive(milliseconds{10'000}));
  ASSERT_EQ(socket.open(listening_.path(), in(milliseconds{5'000})), 0);
  // Too short to be exact.
  EXPECT_FALSE(socket.limit_receive(milliseconds{999}));
  EXPECT_FALSE(socket.limit_receive(milliseconds{0}));
  EXPECT_EQ(receive_timeout(socket), 0);
  // An eighth is for a kernel that is late.
  EXPECT_TRUE(socket.limit_receive(milliseconds{16'000}));
  EXPECT_EQ(receive_timeout(socket), 14'000);
  // What is in time and not much too short stays.
  EXPECT_TRUE(socket.limit_receive(milliseconds{15'750}));
  EXPECT_TRUE(socket.limit_receive(milliseconds{27'999}));
  EXPECT_EQ(receive_timeout(socket), 14'000);
  EXPECT_TRUE(socket.limit_receive(milliseconds{28'000}));
  EXPECT_EQ(receive_timeout(socket), 24'500);
  EXPECT_TRUE(socket.limit_receive(milliseconds{8'000}));
  EXPECT_EQ(receive_timeout(socket), 7'000);
  // Another socket has its own.
  ASSERT_EQ(socket.open(listening_.path(), in(milliseconds{5'000})), 0);
  EXPECT_TRUE(socket.limit_receive(milliseconds{8'000}));
  EXPECT_EQ(receive_timeout(socket), 7'000);
}

TEST_F(SocketToAServer, BlocksAlsoWhenItWasConnectedAtTheLastMoment) {
  Socket socket;
  ASSERT_EQ(socket.open(listening_.path(), Instant::min()), 0);
  EXPECT_EQ(::fcntl(socket.get(), F_GETFL) & O_NONBLOCK, 0);
}

}  // namespace
}  // namespace scache::client
