// SPDX-License-Identifier: Apache-2.0
#include "io/closer.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/descriptors.hpp"
#include "support/hanging_close.hpp"
#include "support/listening.hpp"

namespace scache::io {
namespace {

using test::comes_true;
using test::Ends;
using test::is_open;

// How long an uninterrupted lingering close takes.
constexpr int kLinger = 30;
constexpr uid_t kMallory = 1'001;
constexpr uid_t kAlice = 1'002;

class CloserTest : public test::DescriptorCensus {
 protected:
  // Threads of the previous test may still be ending.
  CloserTest() {
    static const std::size_t of_process = threads_of_process();
    EXPECT_TRUE(comes_true([] { return threads() == of_process; }));
  }
  ~CloserTest() override {
    peers.clear();
    EXPECT_TRUE(comes_true([this] { return !closer.catch_up(); }));
  }
  // A close that lasts until its peer is closed, and that no signal interrupts.
  void get_stuck(uid_t user) {
    Ends lingering = test::lingering_pair(kLinger);
    const int number = lingering.first.get();
    peers.push_back(std::move(lingering.second));
    closer.close(std::move(lingering.first), user);
    // Its number is free as soon as the thread is in close().
    EXPECT_TRUE(comes_true([number] { return !is_open(number); }));
  }
  // The second look() finds the close that the first has seen.
  std::vector<Closer::Stuck> look_twice() {
    closer.look();
    return closer.look();
  }
  int close_event(uid_t user) {
    Fd event{::eventfd(0, EFD_CLOEXEC)};
    const int number = event.get();
    closer.close(std::move(event), user);
    return number;
  }
  static std::size_t threads() {
    std::size_t count = 0;
    DIR* directory = ::opendir("/proc/self/task");
    while (const dirent* entry = ::readdir(directory)) count += entry->d_name[0] == '.' ? 0 : 1;
    ::closedir(directory);
    return count;
  }

  // The main thread, and that of a sanitizer, which starts with the first other thread.
  static std::size_t threads_of_process() {
    std::atomic<pid_t> first = 0;
    std::thread{[&first] { first = ::gettid(); }}.join();
    const std::string entry = "/proc/self/task/" + std::to_string(first);
    EXPECT_TRUE(comes_true([&entry] { return ::access(entry.c_str(), F_OK) != 0; }));
    return threads();
  }

  Closer closer;
  std::vector<Fd> peers;
};

TEST_F(CloserTest, NothingIsClosedWithoutAWord) {
  const std::size_t before = threads();
  closer.close(Fd{}, kAlice);
  EXPECT_EQ(threads(), before);
  EXPECT_FALSE(closer.catch_up());
}

TEST_F(CloserTest, OneThreadClosesEverything) {
  const std::size_t before = threads();
  for (int i = 0; i < 50; ++i) {
    Ends tcp = test::tcp_pair();
    Ends pipe = test::pipe_pair();
    Ends local = test::socket_pair();
    for (Fd* fd : {&tcp.first, &pipe.first, &local.first}) closer.close(std::move(*fd), kAlice);
    for (const Fd* end : {&tcp.second, &pipe.second, &local.second}) {
      EXPECT_TRUE(test::comes_alone(*end));
    }
  }
  EXPECT_LE(threads(), before + 1);
}

TEST_F(CloserTest, ALingerTimeIsCutShortAndLeftAsItIs) {
  std::vector<Ends> all;
  std::vector<Fd> copies;
  for (int i = 0; i < 20; ++i) all.push_back(test::lingering_pair(kLinger));
  Fd copy{::dup(all.front().first.get())};
  closer.close(Fd{::dup(copy.get())}, kMallory);
  for (Ends& ends : all) closer.close(std::move(ends.first), kMallory);
  EXPECT_TRUE(comes_true([&] { return !closer.catch_up(); }));
  EXPECT_EQ(test::linger_of(copy.get()).l_linger, kLinger);
  EXPECT_FALSE(test::is_left_alone(all.front().second));
  all.clear();
}

TEST_F(CloserTest, ACloseThatDoesNotEndTakesUpAThreadAndNoMore) {
  const test::HangingClose hanging;
  const std::size_t before = threads();
  get_stuck(kMallory);
  EXPECT_TRUE(closer.look().empty()) << "it may be over soon";
  const int waiting = close_event(kAlice);
  const auto stuck = closer.look();
  ASSERT_EQ(stuck.size(), 1U);
  EXPECT_EQ(stuck[0].user, kMallory);
  EXPECT_EQ(stuck[0].closes, 1U);
  EXPECT_TRUE(comes_true([&] { return !is_open(waiting); }));
  EXPECT_EQ(threads(), before + 2);
  EXPECT_TRUE(closer.look().empty()) << "it is told once";
  peers.clear();
  EXPECT_TRUE(comes_true([&] { return threads() <= before + 1; })) << "one is enough again";
  const int last = close_event(kMallory);
  EXPECT_TRUE(comes_true([&] { return !is_open(last); }));
}

TEST_F(CloserTest, AUserWithTooManyThreadsStuckIsRefusedAndNobodyElse) {
  const test::HangingClose hanging;
  for (unsigned i = 0; i < Closer::kStuckOfUser; ++i) {
    EXPECT_TRUE(closer.accepts(kMallory));
    get_stuck(kMallory);
    const auto stuck = look_twice();
    ASSERT_EQ(stuck.size(), 1U);
    EXPECT_EQ(stuck[0].closes, i + 1);
  }
  EXPECT_FALSE(closer.accepts(kMallory));
  EXPECT_TRUE(closer.accepts(kAlice));
  std::vector<int> his;
  while (his.size() < Closer::kMaxUnclosed) {
    EXPECT_FALSE(closer.is_full());
    his.push_back(close_event(kMallory));
    const int another = close_event(kAlice);
    EXPECT_TRUE(comes_true([&] { return !is_open(another); }));
  }
  EXPECT_TRUE(closer.is_full());
  for (const int number : his) EXPECT_TRUE(is_open(number));
  // One close ends, and a thread closes the user's other descriptors.
  peers.pop_back();
  EXPECT_TRUE(comes_true([&] { return closer.accepts(kMallory); }));
  for (const int number : his) EXPECT_TRUE(comes_true([&] { return !is_open(number); }));
  EXPECT_FALSE(closer.is_full());
}

TEST_F(CloserTest, HasNoMoreThreadsThanItMay) {
  const test::HangingClose hanging;
  Closer small{2};
  std::vector<Fd> ends;
  const std::size_t before = threads();
  for (const uid_t user : {kMallory, kAlice}) {
    Ends lingering = test::lingering_pair(kLinger);
    const int number = lingering.first.get();
    ends.push_back(std::move(lingering.second));
    small.close(std::move(lingering.first), user);
    EXPECT_TRUE(comes_true([number] { return !is_open(number); }));
    small.look();
    EXPECT_EQ(small.look().size(), 1U);
  }
  for (std::size_t i = 0; i < Closer::kMaxUnclosed; ++i) {
    EXPECT_FALSE(small.is_full());
    small.close(Fd{::eventfd(0, EFD_CLOEXEC)}, kAlice);
    small.look();
  }
  EXPECT_TRUE(small.is_full());
  EXPECT_EQ(threads(), before + 2);
  ends.clear();
  EXPECT_TRUE(comes_true([&] { return !small.catch_up(); }));
  EXPECT_FALSE(small.is_full());
}

TEST_F(CloserTest, IsBehindWhenTooManyWaitAndWaitsForThatNotForLong) {
  const test::HangingClose hanging;
  get_stuck(kMallory);
  for (std::size_t i = 0; i < Closer::kMaxBehind; ++i) close_event(kAlice);
  EXPECT_FALSE(closer.is_behind());
  close_event(kAlice);
  EXPECT_TRUE(closer.is_behind());
  EXPECT_TRUE(closer.catch_up());
  look_twice();
  EXPECT_TRUE(comes_true([&] { return !closer.catch_up(); }));
  EXPECT_FALSE(closer.is_behind());
}

TEST_F(CloserTest, OfFewDescriptorsFewWait) {
  const test::HangingClose hanging;
  closer.set_most_behind(3);
  get_stuck(kMallory);
  for (int i = 0; i < 3; ++i) close_event(kAlice);
  EXPECT_FALSE(closer.is_behind());
  EXPECT_FALSE(closer.must_wait(kMallory));
  close_event(kAlice);
  EXPECT_TRUE(closer.is_behind());
  EXPECT_TRUE(closer.must_wait(kMallory));
  look_twice();
  EXPECT_TRUE(comes_true([&] { return !closer.catch_up(); }));
  EXPECT_FALSE(closer.must_wait(kMallory));
  closer.set_most_behind(Closer::kMaxBehind + 1);
  for (std::size_t i = 0; i <= Closer::kMaxBehind; ++i) close_event(kAlice);
  EXPECT_TRUE(comes_true([&] { return !closer.catch_up(); }));
}

TEST_F(CloserTest, WhoHasTooManyThatWaitMustWaitHimself) {
  const test::HangingClose hanging;
  get_stuck(kMallory);
  for (std::size_t i = 0; i < Closer::kMaxWaitingOfUser; ++i) {
    EXPECT_FALSE(closer.must_wait(kMallory));
    close_event(kMallory);
  }
  EXPECT_TRUE(closer.must_wait(kMallory));
  EXPECT_FALSE(closer.must_wait(kAlice));
  EXPECT_TRUE(comes_true([&] {
    closer.catch_up();
    return !closer.is_behind();
  })) << "others help when one is behind";
  EXPECT_FALSE(closer.must_wait(kMallory));
  look_twice();
}

// The last close of a UNIX-domain socket closes all descriptors in flight in it.
TEST_F(CloserTest, WhatIsInFlightInASocketStopsNobody) {
  const auto lingering = [&] {
    Ends ends = test::lingering_pair(kLinger);
    peers.push_back(std::move(ends.second));
    return std::move(ends.first);
  };
  for (const bool interrupted : {true, false}) {
    std::unique_ptr<test::HangingClose> hanging;
    if (!interrupted) hanging = std::make_unique<test::HangingClose>();
    Ends local = test::socket_pair();
    ASSERT_TRUE(test::send_with(local.second.get(), "x", {lingering().get()}));
    closer.close(std::move(local.first), kMallory);
    Ends nest = test::socket_pair();
    ASSERT_TRUE(test::send_with(nest.second.get(), "x", {lingering().get()}));
    for (int i = 0; i < 12; ++i) {
      Ends outer = test::socket_pair();
      ASSERT_TRUE(test::send_with(outer.second.get(), "x", {nest.first.get()}));
      nest = std::move(outer);
    }
    closer.close(std::move(nest.first), kMallory);
    Fd unaccepted;
    {
      const test::Listening listening;
      ASSERT_TRUE(test::send_with(listening.connect().get(), "x", {lingering().get()}));
      unaccepted.reset(::dup(listening.descriptor()));
    }
    closer.close(std::move(unaccepted), kMallory);
    EXPECT_TRUE(comes_true([&] {
      look_twice();
      return !closer.catch_up();
    }));
  }
  EXPECT_TRUE(closer.accepts(kMallory));
}

TEST_F(CloserTest, SendsAFarewellBeforeItCloses) {
  for (const bool network : {true, false}) {
    Ends ends = network ? test::tcp_pair() : test::socket_pair();
    closer.send_and_close(std::move(ends.first), "QUIT\r\n", kAlice);
    EXPECT_TRUE(test::comes_alone(ends.second));
    EXPECT_EQ(test::receive_with(ends.second.get()).bytes, "QUIT\r\n");
  }
}

TEST_F(CloserTest, AFarewellThatHasNoRoomIsNotWaitedFor) {
  Ends ends = test::socket_pair();
  const std::string much(64 * 1'024, 'x');
  while (::send(ends.first.get(), much.data(), much.size(), MSG_DONTWAIT) > 0) {
  }
  const int number = ends.first.get();
  closer.send_and_close(std::move(ends.first), "QUIT\r\n", kAlice);
  EXPECT_TRUE(comes_true([number] { return !is_open(number); }));
}

TEST_F(CloserTest, AFarewellToNobodyRaisesNoSignal) {
  Ends ends = test::socket_pair();
  ends.second.reset();
  const int number = ends.first.get();
  closer.send_and_close(std::move(ends.first), "QUIT\r\n", kAlice);
  EXPECT_TRUE(comes_true([number] { return !is_open(number); }));
}

TEST_F(CloserTest, ReadsAnAnswerSoThatTheCloseIsNoReset) {
  Ends ends = test::tcp_pair();
  ASSERT_TRUE(test::send_with(ends.second.get(), "221 Bye\r\n", {}));
  closer.read_and_close(std::move(ends.first), kAlice);
  EXPECT_TRUE(test::comes_alone(ends.second));
  EXPECT_EQ(test::receive_with(ends.second.get()).size, 0);
}

TEST_F(CloserTest, ReadsNoMoreThanAnAnswerMayHave) {
  for (const std::size_t more : {std::size_t{0}, std::size_t{1}}) {
    Ends ends = test::tcp_pair();
    const Fd copy{::dup(ends.first.get())};
    std::size_t arrived = 0;
    const std::string block(Closer::kMaxAnswer + more, 'x');
    while (arrived < block.size()) {
      const ssize_t sent =
          ::send(ends.second.get(), block.data() + arrived, block.size() - arrived, 0);
      ASSERT_GT(sent, 0);
      arrived += static_cast<std::size_t>(sent);
    }
    EXPECT_TRUE(comes_true([&] {
      int unread = 0;
      return ::ioctl(copy.get(), FIONREAD, &unread) == 0 &&
             static_cast<std::size_t>(unread) == block.size();
    }));
    const int number = ends.first.get();
    closer.read_and_close(std::move(ends.first), kAlice);
    EXPECT_TRUE(comes_true([number] { return !is_open(number); }));
    EXPECT_EQ(test::receive_with(copy.get()).size, more == 0 ? -1 : 1);
  }
}

TEST_F(CloserTest, OfAUserWithAStuckThreadItOnlyCloses) {
  const test::HangingClose hanging;
  get_stuck(kMallory);
  EXPECT_TRUE(closer.may_send(kMallory)) << "nobody knows yet";
  look_twice();
  EXPECT_FALSE(closer.may_send(kMallory));
  EXPECT_TRUE(closer.may_send(kAlice));
  Ends his = test::socket_pair();
  Ends hers = test::socket_pair();
  closer.send_and_close(std::move(his.first), "QUIT\r\n", kMallory);
  closer.send_and_close(std::move(hers.first), "QUIT\r\n", kAlice);
  EXPECT_TRUE(test::comes_alone(his.second));
  EXPECT_TRUE(test::comes_alone(hers.second));
  EXPECT_EQ(test::receive_with(his.second.get()).size, 0);
  EXPECT_EQ(test::receive_with(hers.second.get()).bytes, "QUIT\r\n");
  Ends unread = test::tcp_pair();
  ASSERT_TRUE(test::send_with(unread.second.get(), "x", {}));
  closer.read_and_close(std::move(unread.first), kMallory);
  EXPECT_TRUE(test::comes_alone(unread.second));
  EXPECT_EQ(test::receive_with(unread.second.get()).size, -1) << "it is reset";
}

TEST_F(CloserTest, TellsWhetherARequestWasSent) {
  const auto answers = std::make_shared<Answers>();
  const auto ask = [&](const Ends& ends) {
    closer.request_and_close(duplicate(ends.first.get()), "PING\r\n", kAlice, answers, 7);
    std::vector<Answers::Answer> all;
    EXPECT_TRUE(comes_true([&] {
      all = answers->take();
      return !all.empty();
    }));
    EXPECT_EQ(all.size(), 1U);
    EXPECT_EQ(all.at(0).key, 7U);
    return all.at(0).kind;
  };
  for (const bool network : {true, false}) {
    Ends ends = network ? test::tcp_pair() : test::socket_pair();
    EXPECT_EQ(ask(ends), Answers::Kind::sent);
    EXPECT_EQ(test::receive_with(ends.second.get()).bytes, "PING\r\n");
    EXPECT_FALSE(test::is_left_alone(ends.second)) << "only the copy is closed";
    ASSERT_TRUE(test::send_with(ends.second.get(), "+PONG\r\n", {}));
    EXPECT_EQ(ask(ends), Answers::Kind::has_input);
    EXPECT_EQ(test::receive_with(ends.first.get()).bytes, "+PONG\r\n") << "it is still there";
    EXPECT_EQ(test::receive_with(ends.second.get()).size, -1) << "nothing was sent";
    ends.second.reset();
    EXPECT_EQ(ask(ends), Answers::Kind::not_sent);
  }
  const Ends full = test::socket_pair();
  const std::string much(64 * 1'024, 'x');
  while (::send(full.first.get(), much.data(), much.size(), MSG_DONTWAIT) > 0) {
  }
  EXPECT_EQ(ask(full), Answers::Kind::not_sent);
}

TEST_F(CloserTest, TellsWhatItReceives) {
  const auto answers = std::make_shared<Answers>();
  const auto received = [&](Fd copy, std::uint64_t key) {
    closer.receive_and_close(std::move(copy), kAlice, answers, key);
    std::vector<Answers::Answer> all;
    EXPECT_TRUE(comes_true([&] {
      all = answers->take();
      return !all.empty();
    }));
    EXPECT_EQ(all.size(), 1u);
    EXPECT_EQ(all.at(0).key, key);
    return all.at(0);
  };
  for (const bool network : {true, false}) {
    Ends ends = network ? test::tcp_pair() : test::socket_pair();
    const auto nothing = received(Fd{::dup(ends.first.get())}, 1);
    EXPECT_EQ(nothing.bytes, "");
    EXPECT_EQ(nothing.kind, Answers::Kind::received);
    ASSERT_TRUE(test::send_with(ends.second.get(), "+PONG\r\n", {}));
    const auto answer = received(Fd{::dup(ends.first.get())}, 2);
    EXPECT_EQ(answer.bytes, "+PONG\r\n");
    EXPECT_EQ(answer.kind, Answers::Kind::received);
    EXPECT_FALSE(test::is_left_alone(ends.second)) << "only the copy is closed";
    ASSERT_TRUE(test::send_with(ends.second.get(), "bye", {}));
    ends.second.reset();
    const auto last = received(std::move(ends.first), 3);
    EXPECT_EQ(last.bytes, "bye");
    EXPECT_EQ(last.kind, Answers::Kind::ended);
  }
}

TEST_F(CloserTest, OfAUserWithAStuckThreadItTellsNothing) {
  const test::HangingClose hanging;
  get_stuck(kMallory);
  look_twice();
  const auto answers = std::make_shared<Answers>();
  Ends ends = test::socket_pair();
  ASSERT_TRUE(test::send_with(ends.second.get(), "x", {}));
  closer.request_and_close(duplicate(ends.first.get()), "PING\r\n", kMallory, answers, 1);
  closer.receive_and_close(std::move(ends.first), kMallory, answers, 2);
  EXPECT_TRUE(test::comes_alone(ends.second));
  EXPECT_TRUE(answers->take().empty());
}

TEST_F(CloserTest, WithoutThreadsItSendsNothing) {
  Closer alone{0};
  Ends ends = test::socket_pair();
  EXPECT_TRUE(alone.may_send(kAlice)) << "nobody knows yet";
  alone.send_and_close(std::move(ends.first), "QUIT\r\n", kAlice);
  EXPECT_TRUE(test::is_left_alone(ends.second));
  EXPECT_EQ(test::receive_with(ends.second.get()).size, 0);
  EXPECT_FALSE(alone.may_send(kAlice));
}

TEST_F(CloserTest, AClientsStreamIsChargedToItOnlyWithSomethingUnread) {
  const test::HangingClose hanging;
  for (unsigned i = 0; i < Closer::kStuckOfUser; ++i) {
    get_stuck(kMallory);
    look_twice();
  }
  Ends empty = test::socket_pair();
  Ends full = test::socket_pair();
  ASSERT_TRUE(test::send_with(full.second.get(), "x", {}));
  closer.close_client(std::move(full.first), kMallory);
  closer.close_client(std::move(empty.first), kMallory);
  EXPECT_TRUE(test::comes_alone(empty.second));
  EXPECT_FALSE(test::is_left_alone(full.second));
  peers.clear();
  EXPECT_TRUE(test::comes_alone(full.second));
}

TEST_F(CloserTest, WithoutThreadsItClosesByItselfAndDoesNotLinger) {
  Closer alone{0};
  EXPECT_FALSE(alone.lacks_threads());
  Ends lingering = test::lingering_pair(kLinger);
  const int number = lingering.first.get();
  const auto begun = std::chrono::steady_clock::now();
  alone.close(std::move(lingering.first), kAlice);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{kLinger / 3});
  EXPECT_FALSE(is_open(number));
  EXPECT_TRUE(alone.lacks_threads());
  EXPECT_FALSE(alone.catch_up());
}

TEST_F(CloserTest, GoesWithoutWaitingAndClosesTheRestAllTheSame) {
  const test::HangingClose hanging;
  auto brief = std::make_unique<Closer>();
  Ends lingering = test::lingering_pair(kLinger);
  const int lingering_number = lingering.first.get();
  brief->close(std::move(lingering.first), kMallory);
  EXPECT_TRUE(comes_true([&] { return !is_open(lingering_number); }));
  Fd event{::eventfd(0, EFD_CLOEXEC)};
  const int number = event.get();
  brief->close(std::move(event), kAlice);
  brief.reset();
  EXPECT_TRUE(is_open(number));
  lingering.second.reset();
  EXPECT_TRUE(comes_true([number] { return !is_open(number); }));
}

TEST_F(CloserTest, AtItsEndItWaitsAMomentForWhatCanBeClosed) {
  std::vector<Fd> ends;
  for (int round = 0; round < 20; ++round) {
    Closer brief;
    for (int i = 0; i < 10; ++i) {
      Ends pipe = test::pipe_pair();
      ends.push_back(std::move(pipe.second));
      brief.close(std::move(pipe.first), kAlice);
    }
  }
  for (const Fd& end : ends) EXPECT_TRUE(test::comes_alone(end));
}

}  // namespace
}  // namespace scache::io
