// SPDX-License-Identifier: Apache-2.0
#include "client/fork_guard.hpp"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <functional>
#include <thread>
#include <vector>

#include "support/descriptors.hpp"

namespace scache::client {
namespace {

using test::is_open;

// Whether `check` holds in the child that `make_child` creates.
bool holds_in_child(long (*make_child)(), const std::function<bool()>& check) {
  const auto child = static_cast<pid_t>(make_child());
  if (child == 0) ::_exit(check() ? 0 : 1);
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status == 0;
}

long by_fork() {
  return ::fork();
}
long by_clone() {
  return ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
}

int make_socket() {
  return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

TEST(ThisProcess, IsAnotherInEachChild) {
  const auto here = this_process();
  EXPECT_NE(here, 0U);
  EXPECT_EQ(this_process(), here);
  for (const auto make_child : {by_fork, by_clone}) {
    EXPECT_TRUE(holds_in_child(make_child, [&] {
      const auto child = this_process();
      return child != here && child == this_process() && holds_in_child(by_clone, [&] {
               return this_process() != child && this_process() != here;
             });
    }));
  }
  EXPECT_EQ(this_process(), here);
}

TEST(ThisProcess, IsTheSameInAChildThatIsToBecomeAnotherProgram) {
  const auto here = this_process();
  std::uint64_t there = 0;
  const pid_t child = ::vfork();
  if (child == 0) {
    there = this_process();
    ::_exit(0);
  }
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
  if (there == 0) GTEST_SKIP() << "ThreadSanitizer makes a fork() of it";
  EXPECT_EQ(there, here);
  EXPECT_EQ(this_process(), here);
}

class DescriptorOfOneProcess : public test::DescriptorCensus {
 protected:
  ProcessFd mine_;
};

TEST_F(DescriptorOfOneProcess, IsOpenUntilItIsClosed) {
  EXPECT_EQ(mine_.get(), -1);
  ASSERT_EQ(mine_.open(make_socket), 0);
  const int number = mine_.get();
  EXPECT_TRUE(is_open(number));
  mine_.close();
  EXPECT_FALSE(is_open(number));
  EXPECT_EQ(mine_.get(), -1);
  ASSERT_EQ(mine_.open(make_socket), 0);
  EXPECT_EQ(mine_.open([] {
    errno = EMFILE;
    return -1;
  }),
            EMFILE);
  EXPECT_EQ(mine_.get(), -1);
}

TEST_F(DescriptorOfOneProcess, IsClosedInAChildAtOnce) {
  ASSERT_EQ(mine_.open(make_socket), 0);
  const int number = mine_.get();
  EXPECT_TRUE(holds_in_child(by_fork, [&] {
    const bool closed = !is_open(number);
    // The child opens its own descriptor, which its own child does not inherit.
    return closed && mine_.get() == -1 && mine_.open(make_socket) == 0 && mine_.get() >= 0 &&
           holds_in_child(by_fork, [&] { return !is_open(number) && mine_.get() == -1; });
  }));
  EXPECT_EQ(mine_.get(), number);
  EXPECT_TRUE(is_open(number));
}

TEST_F(DescriptorOfOneProcess, IsClosedAtTheFirstUseInAChildThatRanNoHandlers) {
  ASSERT_EQ(mine_.open(make_socket), 0);
  const int number = mine_.get();
  EXPECT_TRUE(holds_in_child(by_clone, [&] {
    return is_open(number) && mine_.get() == -1 && !is_open(number) &&
           mine_.open(make_socket) == 0 &&
           holds_in_child(by_clone, [&] { return mine_.get() == -1 && !is_open(number); });
  }));
  EXPECT_TRUE(holds_in_child(by_clone, [&] {
    mine_.close();
    return !is_open(number);
  }));
  EXPECT_EQ(mine_.get(), number);
  EXPECT_TRUE(is_open(number));
}

TEST_F(DescriptorOfOneProcess, SparesWhatAChildHasOpenedUnderItsNumber) {
  ASSERT_EQ(mine_.open(make_socket), 0);
  const int number = mine_.get();
  const test::Ends other = test::socket_pair();
  EXPECT_TRUE(holds_in_child(by_clone, [&] {
    // Like a program that closes all descriptors and opens others.
    ::dup2(other.first.get(), number);
    const bool is_another = mine_.get() == -1;
    mine_.close();
    return is_another && is_open(number);
  }));
  EXPECT_TRUE(is_open(number));
}

TEST_F(DescriptorOfOneProcess, AGrandchildOfAnIdleChildFindsItClosed) {
  ASSERT_EQ(mine_.open(make_socket), 0);
  const int number = mine_.get();
  EXPECT_TRUE(holds_in_child(by_clone, [&] {
    return holds_in_child(by_clone, [&] { return mine_.get() == -1 && !is_open(number); });
  }));
}

int made = 0;

int make_and_fork() {
  const int number = make_socket();
  if (made++ == 0) holds_in_child(by_fork, [] { return true; });
  return number;
}

TEST_F(DescriptorOfOneProcess, IsMadeAnewWhereAChildMayHaveIt) {
  made = 0;
  ASSERT_EQ(mine_.open(make_and_fork), 0);
  EXPECT_EQ(made, 2);
  EXPECT_TRUE(is_open(mine_.get()));
}

void fork_in_handler(int) {
  holds_in_child(by_fork, [] { return true; });
}
int make_and_be_interrupted() {
  const int number = make_socket();
  if (made++ == 0) ::raise(SIGUSR1);
  return number;
}

TEST_F(DescriptorOfOneProcess, SignalHandlersMayForkMeanwhile) {
  const auto before = ::signal(SIGUSR1, fork_in_handler);
  made = 0;
  ::alarm(30);
  ASSERT_EQ(mine_.open(make_and_be_interrupted), 0);
  ::alarm(0);
  EXPECT_EQ(made, 2);
  ::signal(SIGUSR1, before);
}

pid_t child_of_handler = -1;
int make_and_become_child() {
  const int number = make_socket();
  if (made++ == 0) child_of_handler = ::fork();
  return number;
}

TEST_F(DescriptorOfOneProcess, AChildGoesOnWithWhatItsParentHadBegun) {
  made = 0;
  const int error = mine_.open(make_and_become_child);
  if (child_of_handler == 0) {
    const int number = mine_.get();
    ::_exit(error == 0 && made == 2 && is_open(number) ? 0 : 1);
  }
  EXPECT_EQ(error, 0);
  int status = -1;
  EXPECT_EQ(::waitpid(child_of_handler, &status, 0), child_of_handler);
  EXPECT_EQ(status, 0);
}

TEST_F(DescriptorOfOneProcess, ChildrenHaveNoneOfOtherThreads) {
  std::atomic<bool> over = false;
  std::vector<std::thread> threads;
  constexpr int kThreads = 4;
  static int shared = -1;
  const test::Ends ends = test::socket_pair();
  shared = ends.first.get();
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      std::array<ProcessFd, 8> many;
      for (std::size_t next = 0; !over; ++next) {
        ProcessFd& fd = many[next % many.size()];
        EXPECT_EQ(fd.open([] { return ::fcntl(shared, F_DUPFD_CLOEXEC, 100); }), 0);
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    // A child may have descriptors that were being created: they are closed before they are used.
    EXPECT_TRUE(holds_in_child(by_fork, [] {
      int count = 0;
      for (int number = 100; number < 200; ++number) count += is_open(number) ? 1 : 0;
      return count <= kThreads;
    }));
  }
  over = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace scache::client
