#include "io/closer.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/descriptors.hpp"
#include "support/hanging_close.hpp"
#include "support/listening.hpp"

namespace scache {
namespace {

using test::comes_true;
using test::Ends;
using test::is_open;

// How long a lingering close would take, if somebody waited for it.
constexpr int kLinger = 30;

class CloserTest : public test::DescriptorCensus {
 protected:
  // Gives the closer's thread a close that lasts until the answer is let go.
  Fd keep_thread_busy() {
    Ends lingering = test::lingering_pair(kLinger);
    const int number = lingering.first.get();
    closer.close_copy(std::move(lingering.first));
    // Its number is free as soon as the thread is in close().
    EXPECT_TRUE(comes_true([number] { return !is_open(number); }));
    return std::move(lingering.second);
  }
  // Closes a copy, or ends a connection, of whatever kind.
  void close(bool copy, Fd fd) {
    const DescriptorKind kind = inspect(fd.get(), ListeningAddress{}).kind;
    copy ? closer.close_copy(std::move(fd), kind) : closer.close_connection(std::move(fd), kind);
  }
  static std::size_t threads() {
    std::size_t count = 0;
    DIR* directory = ::opendir("/proc/self/task");
    while (const dirent* entry = ::readdir(directory)) count += entry->d_name[0] == '.' ? 0 : 1;
    ::closedir(directory);
    return count;
  }

  Closer closer;
};

TEST_F(CloserTest, NothingIsClosedWithoutAWord) {
  const std::size_t before = threads();
  closer.close_copy(Fd{});
  closer.close_connection(Fd{}, DescriptorKind::other);
  EXPECT_EQ(threads(), before);
}

TEST_F(CloserTest, PipesAndOrdinaryConnectionsAreClosedOnTheSpot) {
  const std::size_t before = threads();
  for (const bool copy : {true, false}) {
    Ends tcp = test::tcp_pair();
    Ends pipe = test::pipe_pair();
    Ends local = test::socket_pair();
    for (Fd* fd : {&tcp.first, &pipe.first, &local.first}) {
      const int number = fd->get();
      close(copy, std::move(*fd));
      EXPECT_FALSE(is_open(number));
    }
    EXPECT_TRUE(test::is_left_alone(tcp.second));
    EXPECT_TRUE(test::is_left_alone(pipe.second));
    EXPECT_TRUE(test::is_left_alone(local.second));
  }
  EXPECT_EQ(threads(), before);
}

TEST_F(CloserTest, WhatMayBlockIsClosedByAThread) {
  // While the thread is busy, nothing of it is closed.
  Fd busy = keep_thread_busy();
  std::vector<int> numbers;
  const auto leave_to_thread = [&](bool copy, Fd fd) {
    ASSERT_TRUE(fd);
    numbers.push_back(fd.get());
    close(copy, std::move(fd));
    EXPECT_TRUE(is_open(numbers.back()));
  };
  std::vector<Ends> pairs;
  for (const bool copy : {true, false}) {
    leave_to_thread(copy, Fd{::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)});
    leave_to_thread(copy, Fd{::eventfd(0, EFD_CLOEXEC)});
    pairs.push_back(test::socket_pair(SOCK_DGRAM));
    leave_to_thread(copy, std::move(pairs.back().first));
    pairs.push_back(test::socket_pair(SOCK_SEQPACKET));
    leave_to_thread(copy, std::move(pairs.back().first));
    leave_to_thread(copy, Fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)});
    // With something unread in it, a descriptor may be in flight too.
    pairs.push_back(test::socket_pair());
    ASSERT_TRUE(test::send_with(pairs.back().second.get(), "x", {}));
    leave_to_thread(copy, std::move(pairs.back().first));
  }
  busy.reset();
  for (const int number : numbers) {
    EXPECT_TRUE(comes_true([number] { return !is_open(number); }));
  }
}

TEST_F(CloserTest, AConnectionIsEndedWithoutItsLingerTime) {
  Ends lingering = test::lingering_pair(kLinger);
  const auto begun = std::chrono::steady_clock::now();
  closer.close_connection(std::move(lingering.first), DescriptorKind::network);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{kLinger / 3});
}

TEST_F(CloserTest, TheLastCopyOfALingeringSocketDoesNotBlock) {
  Ends lingering = test::lingering_pair(kLinger);
  const auto begun = std::chrono::steady_clock::now();
  closer.close_copy(std::move(lingering.first));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{kLinger / 3});
  lingering.second.reset();
}

TEST_F(CloserTest, ACopyKeepsTheLingerTimeOfTheOthers) {
  Ends lingering = test::lingering_pair(kLinger);
  Fd copy{::dup(lingering.first.get())};
  const int number = copy.get();
  closer.close_copy(std::move(copy));
  EXPECT_TRUE(comes_true([number] { return !is_open(number); }));
  EXPECT_EQ(test::linger_of(lingering.first.get()).l_linger, kLinger);
  EXPECT_NE(test::linger_of(lingering.first.get()).l_onoff, 0);
  lingering.second.reset();
}

TEST_F(CloserTest, WhatWasHandedOverIsClosedOnTheSpotAndKeepsItsLingerTime) {
  Ends lingering = test::lingering_pair(kLinger);
  Ends pipe = test::pipe_pair();
  Ends local = test::socket_pair();
  for (Fd* fd : {&lingering.first, &pipe.first, &local.first}) {
    const Fd finders{::dup(fd->get())};
    const int number = fd->get();
    closer.close_handed_over(std::move(*fd), inspect(number, ListeningAddress{}).kind);
    EXPECT_FALSE(is_open(number));
    if (fd == &lingering.first) {
      EXPECT_EQ(test::linger_of(finders.get()).l_linger, kLinger);
      EXPECT_NE(test::linger_of(finders.get()).l_onoff, 0);
      lingering.second.reset();
    }
  }
}

TEST_F(CloserTest, AFileThatWasHandedOverIsClosedByTheThread) {
  Fd busy = keep_thread_busy();
  Fd file{::eventfd(0, EFD_CLOEXEC)};
  const int number = file.get();
  closer.close_handed_over(std::move(file), DescriptorKind::other);
  EXPECT_TRUE(is_open(number));
  busy.reset();
  EXPECT_TRUE(comes_true([number] { return !is_open(number); }));
}

TEST_F(CloserTest, WithTooManyWaitingOnlyWhatMayBlockIsNotAccepted) {
  const Ends tcp = test::tcp_pair();
  const Ends pipe = test::pipe_pair();
  const Ends stream = test::socket_pair();
  const Ends datagrams = test::socket_pair(SOCK_DGRAM);
  const Fd file{::eventfd(0, EFD_CLOEXEC)};
  const auto accepted = [&](const Fd& fd) {
    return closer.accepts(fd.get(), inspect(fd.get(), ListeningAddress{}).kind);
  };
  EXPECT_TRUE(accepted(datagrams.first));
  EXPECT_TRUE(accepted(file));
  const test::HangingClose hanging;
  Fd busy = keep_thread_busy();
  while (closer.accepts()) closer.close_copy(Fd{::eventfd(0, EFD_CLOEXEC)});
  EXPECT_TRUE(accepted(tcp.first));
  EXPECT_TRUE(accepted(pipe.first));
  EXPECT_TRUE(accepted(stream.first));
  EXPECT_FALSE(accepted(datagrams.first));
  EXPECT_FALSE(accepted(file));
  busy.reset();
}

// A UNIX-domain socket's last close ends whatever is in flight in it.
TEST_F(CloserTest, ALingeringSocketInFlightInALocalOneDoesNotBlock) {
  for (const bool copy : {true, false}) {
    Ends lingering = test::lingering_pair(kLinger);
    Ends local = test::socket_pair();
    ASSERT_TRUE(test::send_with(local.second.get(), "x", {lingering.first.get()}));
    lingering.first.reset();
    const auto begun = std::chrono::steady_clock::now();
    close(copy, std::move(local.first));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{kLinger / 3});
    lingering.second.reset();
  }
}

TEST_F(CloserTest, AcceptsUntilTooManyWait) {
  const test::HangingClose hanging;
  Fd busy = keep_thread_busy();
  EXPECT_TRUE(closer.accepts());
  for (std::size_t i = 1; i < Closer::kMaxWaiting; ++i) {
    EXPECT_TRUE(closer.accepts());
    closer.close_copy(Fd{::eventfd(0, EFD_CLOEXEC)});
  }
  EXPECT_FALSE(closer.accepts());
  busy.reset();
  EXPECT_TRUE(comes_true([&] { return closer.accepts(); }));
}

TEST_F(CloserTest, WithTooManyWaitingALingeringCopyIsClosedWithoutItsLingerTime) {
  const test::HangingClose hanging;
  Fd busy = keep_thread_busy();
  while (closer.accepts()) closer.close_copy(Fd{::eventfd(0, EFD_CLOEXEC)});
  Ends lingering = test::lingering_pair(kLinger);
  const int number = lingering.first.get();
  const auto begun = std::chrono::steady_clock::now();
  closer.close_copy(std::move(lingering.first));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{kLinger / 3});
  EXPECT_FALSE(is_open(number));
  busy.reset();
}

TEST_F(CloserTest, ALingerTimeHoldsUpSoManyAndNoMore) {
  Fd busy = keep_thread_busy();
  std::vector<int> numbers;
  const auto close_another = [&] {
    Fd event{::eventfd(0, EFD_CLOEXEC)};
    numbers.push_back(event.get());
    closer.close_copy(std::move(event));
  };
  // The one that lasts counts, too.
  while (numbers.size() + 1 < Closer::kMaxGraceful) close_another();
  for (const int number : numbers) EXPECT_TRUE(is_open(number));
  close_another();
  for (const int number : numbers) {
    EXPECT_TRUE(comes_true([number] { return !is_open(number); }));
  }
  busy.reset();
}

// Lingering sockets in flight in others, which nobody has any more.
class CloserFlightTest : public CloserTest {
 protected:
  // What has a lingering socket in it, to be closed.
  Fd in_stream() {
    Ends outer = test::socket_pair();
    put_lingering_into(outer.second);
    return std::move(outer.first);
  }
  Fd in_datagrams() {
    Ends outer = test::socket_pair(SOCK_DGRAM);
    put_lingering_into(outer.second);
    return std::move(outer.first);
  }
  Fd in_unaccepted_client() {
    const test::Listening listening;
    put_lingering_into(listening.connect());
    return Fd{::dup(listening.descriptor())};
  }
  Fd in_nest() {
    Ends inner = test::socket_pair();
    put_lingering_into(inner.second);
    for (int i = 0; i < 12; ++i) {
      Ends outer = test::socket_pair();
      EXPECT_TRUE(test::send_with(outer.second.get(), "x", {inner.first.get()}));
      inner = std::move(outer);
    }
    return std::move(inner.first);
  }

  std::vector<Fd> peers;

 private:
  void put_lingering_into(const Fd& way) {
    Ends lingering = test::lingering_pair(kLinger);
    EXPECT_TRUE(test::send_with(way.get(), "x", {lingering.first.get()}));
    peers.push_back(std::move(lingering.second));
  }
};

TEST_F(CloserFlightTest, HoldsUpSoManyAndNoMore) {
  std::vector<Fd> all;
  for (std::size_t i = 0; i < Closer::kMaxGraceful; ++i) {
    all.push_back(in_stream());
    all.push_back(in_datagrams());
    all.push_back(in_unaccepted_client());
    all.push_back(in_nest());
  }
  for (Fd& fd : all) closer.close_copy(std::move(fd));
  EXPECT_TRUE(comes_true([&] { return opened() <= peers.size() + Closer::kMaxGraceful; }));
  peers.clear();
}

TEST_F(CloserFlightTest, ACopyIsLeftAsItIsHoweverManyWait) {
  std::vector<Fd> all;
  for (std::size_t i = 0; i < 2 * Closer::kMaxGraceful; ++i) all.push_back(in_datagrams());
  const Ends pair = test::socket_pair();
  ASSERT_TRUE(test::send_with(pair.second.get(), "x", {}));
  const Ends lingering = test::lingering_pair(kLinger);
  for (std::size_t i = 0; i < all.size(); ++i) {
    closer.close_copy(std::move(all[i]));
    closer.close_copy(Fd{::dup(pair.first.get())});
    closer.close_copy(Fd{::dup(lingering.first.get())});
  }
  EXPECT_EQ(test::receive_with(pair.first.get()).bytes, "x");
  EXPECT_FALSE(test::is_left_alone(pair.second));
  EXPECT_FALSE(test::is_left_alone(lingering.second));
  peers.clear();
}

// What it came with has been taken: no byte is unread.
TEST_F(CloserFlightTest, WithAByteOutOfBandItDoesNotBlockEither) {
  Ends local = test::socket_pair();
  Ends lingering = test::lingering_pair(kLinger);
  if (!test::send_with(local.second.get(), "x", {lingering.first.get()}, MSG_OOB)) {
    GTEST_SKIP() << "this kernel's UNIX-domain sockets have no such bytes";
  }
  lingering.first.reset();
  char byte = 0;
  ASSERT_EQ(::recv(local.first.get(), &byte, 1, MSG_OOB), 1);
  const auto begun = std::chrono::steady_clock::now();
  closer.close_connection(std::move(local.first), DescriptorKind::local);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{kLinger / 3});
  lingering.second.reset();
}

TEST_F(CloserTest, GoesWithoutWaitingAndClosesTheRestAllTheSame) {
  auto brief = std::make_unique<Closer>();
  Ends lingering = test::lingering_pair(kLinger);
  const int lingering_number = lingering.first.get();
  brief->close_copy(std::move(lingering.first));
  EXPECT_TRUE(comes_true([&] { return !is_open(lingering_number); }));
  Fd event{::eventfd(0, EFD_CLOEXEC)};
  const int number = event.get();
  brief->close_copy(std::move(event));
  brief.reset();
  EXPECT_TRUE(is_open(number));
  lingering.second.reset();
  EXPECT_TRUE(comes_true([number] { return !is_open(number); }));
}

TEST_F(CloserTest, OneThreadIsEnough) {
  const std::size_t before = threads();
  for (int i = 0; i < 100; ++i) closer.close_copy(Fd{::eventfd(0, EFD_CLOEXEC)});
  EXPECT_LE(threads(), before + 1);
}

}  // namespace
}  // namespace scache
