#include "client/fork_guard.hpp"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <thread>

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

// Whether `check` holds in the child that `make_child` makes.
bool holds_in_child(const std::function<long()>& make_child, const std::function<bool()>& check) {
  const auto child = static_cast<pid_t>(make_child());
  if (child == 0) ::_exit(check() ? 0 : 1);
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status == 0;
}

long by_fork() {
  return ::fork();
}
// As a program does that goes round the C library.
long by_clone() {
  return ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
}

class SocketOfOneProcess : public test::DescriptorCensus {
 protected:
  test::Listening listening_;
};

TEST_F(SocketOfOneProcess, ConnectsAndIsCloseOnExec) {
  Socket socket;
  EXPECT_EQ(socket.get(), -1);
  ASSERT_EQ(socket.open(listening_.path(), in(milliseconds{5'000})), 0);
  EXPECT_TRUE(is_close_on_exec(socket.get()));
  const int number = socket.get();
  socket.close();
  EXPECT_FALSE(is_open(number));
  EXPECT_EQ(socket.get(), -1);
}

TEST_F(SocketOfOneProcess, SaysWhyItCannotConnect) {
  Socket socket;
  EXPECT_EQ(socket.open(listening_.path() + ".not", in(milliseconds{0})), ENOENT);
  EXPECT_EQ(socket.open("", in(milliseconds{0})), ENAMETOOLONG);
  EXPECT_EQ(socket.open(std::string(108, 'x'), in(milliseconds{0})), ENAMETOOLONG);
  EXPECT_EQ(socket.open(std::string(107, 'x'), in(milliseconds{0})), ENOENT);
  EXPECT_EQ(socket.get(), -1);
}

TEST_F(SocketOfOneProcess, WaitsForRoomInTheBacklogUntilTheDeadline) {
  ASSERT_EQ(::listen(listening_.descriptor(), 0), 0);
  Socket first;
  ASSERT_EQ(first.open(listening_.path(), in(milliseconds{0})), 0);
  Socket second;
  EXPECT_EQ(second.open(listening_.path(), Instant::min()), EAGAIN);
  const Instant before = BootClock::now();
  EXPECT_EQ(second.open(listening_.path(), in(milliseconds{20})), EAGAIN);
  EXPECT_GE(BootClock::now() - before, milliseconds{20});
}

TEST_F(SocketOfOneProcess, IsClosedInAChildAndStaysOpenHere) {
  Socket first;
  Socket second;
  Socket third;
  for (Socket* socket : {&first, &second, &third}) {
    ASSERT_EQ(socket->open(listening_.path(), in(milliseconds{5'000})), 0);
  }
  second.close();
  const int numbers[] = {first.get(), third.get()};
  EXPECT_TRUE(holds_in_child(by_fork, [&] {
    const bool closed = !is_open(numbers[0]) && !is_open(numbers[1]);
    // The child goes on with one of its own.
    return closed && first.get() == -1 && third.get() == -1 &&
           first.open(listening_.path(), in(milliseconds{5'000})) == 0 && first.get() >= 0;
  }));
  EXPECT_TRUE(is_open(numbers[0]) && is_open(numbers[1]));
  EXPECT_EQ(first.get(), numbers[0]);
}

TEST_F(SocketOfOneProcess, IsNotUsedByAChildThatRanNoHandlers) {
  Socket socket;
  ASSERT_EQ(socket.open(listening_.path(), in(milliseconds{5'000})), 0);
  EXPECT_TRUE(holds_in_child(by_clone, [&] { return socket.get() == -1; }));
  EXPECT_GE(socket.get(), 0);
}

TEST_F(SocketOfOneProcess, NoChildFindsTheLockHeld) {
  std::atomic<bool> over = false;
  std::thread other{[&] {
    while (!over) const auto lock = lock_against_forks();
  }};
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(holds_in_child(by_fork, [] {
      ::alarm(5);
      return lock_against_forks().owns_lock();
    }));
  }
  over = true;
  other.join();
}

}  // namespace
}  // namespace scache::client
