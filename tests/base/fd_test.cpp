// SPDX-License-Identifier: Apache-2.0
#include "base/fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <type_traits>
#include <utility>

namespace scache::base {
namespace {

int opened() {
  return ::eventfd(0, EFD_CLOEXEC);
}
bool is_open(int number) {
  return ::fcntl(number, F_GETFD) >= 0;
}

static_assert(!std::is_copy_constructible_v<Fd> && !std::is_copy_assignable_v<Fd>);
static_assert(std::is_nothrow_move_constructible_v<Fd> && std::is_nothrow_move_assignable_v<Fd>);
static_assert(!std::is_convertible_v<int, Fd>);

TEST(FdTest, OwnsNothingAtFirst) {
  const Fd fd;
  EXPECT_FALSE(fd);
  EXPECT_EQ(fd.get(), -1);
}

TEST(FdTest, ANegativeNumberIsNothing) {
  EXPECT_FALSE(Fd{-1});
}

TEST(FdTest, ZeroIsADescriptor) {
  Fd fd{0};
  EXPECT_TRUE(fd);
  EXPECT_EQ(fd.release(), 0);
}

TEST(FdTest, ClosesWhatItOwnsAtItsEnd) {
  const int number = opened();
  {
    const Fd fd{number};
    EXPECT_TRUE(fd);
    EXPECT_EQ(fd.get(), number);
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(FdTest, MovingGivesAway) {
  const int number = opened();
  {
    Fd first{number};
    const Fd second{std::move(first)};
    // NOLINTNEXTLINE(bugprone-use-after-move): the test checks the state after a move.
    EXPECT_FALSE(first);
    EXPECT_EQ(second.get(), number);
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(FdTest, AssigningClosesWhatWasOwnedBefore) {
  const int first = opened();
  const int second = opened();
  Fd fd{first};
  fd = Fd{second};
  EXPECT_FALSE(is_open(first));
  EXPECT_TRUE(is_open(second));
  EXPECT_EQ(fd.get(), second);
}

TEST(FdTest, AssigningToItselfKeeps) {
  const int number = opened();
  Fd fd{number};
  Fd& same = fd;
  fd = std::move(same);
  EXPECT_EQ(fd.get(), number);
  EXPECT_TRUE(is_open(number));
}

TEST(FdTest, ReleasingLeavesItOpen) {
  const int number = opened();
  Fd fd{number};
  EXPECT_EQ(fd.release(), number);
  EXPECT_FALSE(fd);
  EXPECT_TRUE(is_open(number));
  const Fd closes{number};
}

TEST(FdTest, ResettingCloses) {
  const int first = opened();
  const int second = opened();
  Fd fd{first};
  fd.reset(second);
  EXPECT_FALSE(is_open(first));
  EXPECT_TRUE(is_open(second));
  fd.reset();
  EXPECT_FALSE(is_open(second));
  EXPECT_FALSE(fd);
  fd.reset();
}

TEST(FdTest, ClosingLeavesErrnoAlone) {
  Fd fd{1'000'000'000};
  errno = EAGAIN;
  fd.reset();
  EXPECT_EQ(errno, EAGAIN);
}

TEST(FdTest, ACopyIsClosedOnExecAndNoStandardStream) {
  const Fd copy = duplicate(STDIN_FILENO);
  ASSERT_GT(copy.get(), STDERR_FILENO);
  EXPECT_EQ(::fcntl(copy.get(), F_GETFD), FD_CLOEXEC);
  errno = 0;
  EXPECT_FALSE(duplicate(1'000'000'000));
  EXPECT_EQ(errno, EBADF);
}

}  // namespace
}  // namespace scache::base
