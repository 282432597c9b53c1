// SPDX-License-Identifier: Apache-2.0
#include "health/farewells.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"
#include "support/few_descriptors.hpp"

namespace scache::test {
namespace {

using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using End = Farewells::End;

constexpr uid_t kAlice = 1'001;
constexpr uid_t kBob = 1'002;
constexpr uid_t kCarol = 1'003;

class FarewellsTest : public DescriptorCensus {
 protected:
  FarewellsTest() { make(3); }
  ~FarewellsTest() override {
    farewells.reset();
    EXPECT_TRUE(comes_true([this] { return !closer.catch_up(); }));
  }
  void make(std::size_t places) {
    farewells =
        std::make_unique<Farewells>(loop, closer, places, [this](End how) { ends.push_back(how); });
  }
  // Begins the goodbye of one end; returns the other.
  Fd begin(uid_t user = kAlice) {
    Ends made = socket_pair();
    EXPECT_TRUE(begin_of(made.first, user));
    return std::move(made.second);
  }
  bool begin_of(Fd& fd, uid_t user = kAlice) { return farewells->begin(fd, goodbye, user); }
  void settle() {
    while (loop.turn(Loop::Wait::poll)) {
    }
  }
  void pass(Duration time) {
    clock.advance(time);
    settle();
  }
  // What arrives, after waiting for the thread that sends it.
  static std::string hear(const Fd& peer) {
    Arrived arrived;
    EXPECT_TRUE(comes_true([&] {
      arrived = receive_with(peer.get());
      return arrived.size > 0;
    }));
    return arrived.bytes;
  }

  FakeClock clock;
  Loop loop{clock.reader()};
  Closer closer;
  std::vector<End> ends;
  Goodbye goodbye{.bytes = "QUIT\r\n"};
  std::unique_ptr<Farewells> farewells;
};

// What the other side does, and how the goodbye ends.
struct Happening {
  const char* name;
  std::function<void(Fd& peer)> act;
};
const std::vector<Happening> kAnswers{
    {"Answer", [](Fd& peer) { send_with(peer.get(), "221 Bye\r\n", {}); }},
    {"Close", [](Fd& peer) { peer.reset(); }},
    {"HalfClose", [](Fd& peer) { ::shutdown(peer.get(), SHUT_WR); }},
    {"AnswerAndClose",
     [](Fd& peer) {
       send_with(peer.get(), "221 Bye\r\n", {});
       peer.reset();
     }},
};
void PrintTo(const Happening& happening, std::ostream* out) {
  *out << happening.name;
}

class FarewellsAnswers : public FarewellsTest, public ::testing::WithParamInterface<Happening> {};

TEST_P(FarewellsAnswers, EndTheGoodbye) {
  for (const bool network : {true, false}) {
    Ends made = network ? tcp_pair() : socket_pair();
    ends.clear();
    ASSERT_TRUE(begin_of(made.first));
    EXPECT_FALSE(made.first) << "it is theirs";
    EXPECT_EQ(hear(made.second), "QUIT\r\n");
    settle();
    EXPECT_THAT(ends, IsEmpty());
    EXPECT_EQ(farewells->count(), 1U);
    GetParam().act(made.second);
    settle();
    EXPECT_THAT(ends, ElementsAre(End::answered));
    EXPECT_EQ(farewells->count(), 0U);
    if (made.second) {
      EXPECT_TRUE(comes_alone(made.second));
    }
    pass(1h);
    EXPECT_THAT(ends, SizeIs(1)) << "it has no deadline any more";
  }
}

INSTANTIATE_TEST_SUITE_P(All, FarewellsAnswers, ::testing::ValuesIn(kAnswers),
                         [](const auto& instance) { return std::string{instance.param.name}; });

TEST_F(FarewellsTest, ATcpConnectionWithAnAnswerIsClosedAndNotReset) {
  Ends made = tcp_pair();
  ASSERT_TRUE(begin_of(made.first));
  EXPECT_EQ(hear(made.second), "QUIT\r\n");
  send_with(made.second.get(), "221 Bye\r\n", {});
  settle();
  EXPECT_TRUE(comes_alone(made.second));
  EXPECT_EQ(receive_with(made.second.get()).size, 0) << "an end, and no error";
}

TEST_F(FarewellsTest, WhoDoesNotAnswerIsClosedInTime) {
  const Fd peer = begin();
  EXPECT_EQ(hear(peer), "QUIT\r\n");
  pass(Goodbye::kWait - 1ns);
  EXPECT_THAT(ends, IsEmpty());
  EXPECT_FALSE(is_left_alone(peer));
  pass(1ns);
  EXPECT_THAT(ends, ElementsAre(End::unanswered));
  EXPECT_TRUE(comes_alone(peer));
}

TEST_F(FarewellsTest, EachGoodbyeHasItsTime) {
  goodbye.wait = 10ms;
  const Fd brief = begin();
  goodbye.wait = Goodbye::kMaxWait;
  const Fd patient = begin();
  pass(10ms);
  EXPECT_THAT(ends, SizeIs(1));
  EXPECT_TRUE(comes_alone(brief));
  EXPECT_FALSE(is_left_alone(patient));
}

TEST_F(FarewellsTest, AnyBytesAreSent) {
  goodbye.bytes = std::string{"\0\xff", 2} + std::string(Goodbye::kMaxBytes - 2, 'x');
  EXPECT_EQ(hear(begin()), goodbye.bytes);
}

TEST_F(FarewellsTest, ThereAreOnlySoManyPlaces) {
  std::vector<Fd> peers;
  for (std::size_t left = 3; left > 0; --left) {
    EXPECT_EQ(farewells->room(), left);
    peers.push_back(begin());
  }
  EXPECT_EQ(farewells->room(), 0U);
  Ends more = socket_pair();
  EXPECT_FALSE(farewells->may_begin(kAlice));
  EXPECT_FALSE(begin_of(more.first));
  EXPECT_TRUE(more.first) << "it is still the caller's";
  peers.pop_back();
  settle();
  EXPECT_TRUE(begin_of(more.first));
}

TEST_F(FarewellsTest, WithoutAPlaceNothingBegins) {
  make(0);
  Ends ends_of = socket_pair();
  EXPECT_FALSE(begin_of(ends_of.first));
}

TEST_F(FarewellsTest, TheUserWithTheMostGivesUpItsOldest) {
  const Fd first = begin();
  const Fd second = begin();
  const Fd third = begin();
  const Fd bob = begin(kBob);
  EXPECT_THAT(ends, ElementsAre(End::unanswered));
  EXPECT_TRUE(comes_alone(first));
  EXPECT_FALSE(is_left_alone(second));
  EXPECT_EQ(hear(bob), "QUIT\r\n");
  // Two and one: another for Bob would only swap them.
  EXPECT_FALSE(farewells->may_begin(kBob));
  EXPECT_FALSE(farewells->may_begin(kAlice));
  const Fd carol = begin(kCarol);
  EXPECT_TRUE(comes_alone(second));
  EXPECT_FALSE(farewells->may_begin(kCarol)) << "one each";
  EXPECT_EQ(farewells->count(), 3U);
}

// Begins a goodbye when an event comes, before the waiters of the same turn are woken.
class Intruder final : public EventTarget {
 public:
  explicit Intruder(std::function<void()> act) : act_{std::move(act)} {}
  void receive_event(std::uint64_t, std::uint32_t) noexcept override { act_(); }

 private:
  std::function<void()> act_;
};

TEST_F(FarewellsTest, AnAnswerInTheTurnInWhichItsPlaceIsGivenUpIsNotAnothers) {
  Fd first = begin();
  const Fd second = begin();
  const Fd third = begin();
  Fd bob;
  Intruder intruder{[&] { bob = begin(kBob); }};
  loop.set_event_target(&intruder);
  Ends signal = socket_pair();
  ASSERT_EQ(loop.watch_once(signal.first.get(), EPOLLIN, 0), 0);
  first.reset();
  send_with(signal.second.get(), "x", {});
  settle();
  EXPECT_THAT(ends, ElementsAre(End::unanswered)) << "the answer came too late";
  EXPECT_EQ(farewells->count(), 3U);
  EXPECT_EQ(hear(bob), "QUIT\r\n");
  EXPECT_FALSE(is_left_alone(bob));
  loop.set_event_target(nullptr);
}

TEST_F(FarewellsTest, EndAllAtOnce) {
  const Fd one = begin();
  const Fd two = begin(kBob);
  farewells->end_all();
  EXPECT_THAT(ends, ElementsAre(End::unanswered, End::unanswered));
  EXPECT_EQ(farewells->room(), 3U);
  EXPECT_TRUE(comes_alone(one));
  EXPECT_TRUE(comes_alone(two));
}

TEST_F(FarewellsTest, ACopyOfAnotherProcessCausesNoEvents) {
  Ends made = socket_pair();
  const Fd copy{::dup(made.first.get())};
  ASSERT_TRUE(begin_of(made.first));
  pass(Goodbye::kWait);
  EXPECT_THAT(ends, SizeIs(1));
  made.second.reset();
  EXPECT_FALSE(loop.turn(Loop::Wait::poll));
}

TEST_F(FarewellsTest, NothingBeginsWhileTheCloserIsBehind) {
  closer.set_most_behind(0);
  closer.close(Fd{::dup(STDERR_FILENO)}, kBob);
  // The thread may be done already.
  if (closer.is_behind()) {
    EXPECT_FALSE(farewells->may_begin(kAlice));
  }
  EXPECT_TRUE(comes_true([&] { return !closer.is_behind(); }));
  EXPECT_TRUE(farewells->may_begin(kAlice));
}

TEST_F(FarewellsTest, NothingBeginsWithoutThreads) {
  Closer alone{0};
  Farewells none{loop, alone, 1, [](End) {}};
  Ends made = socket_pair();
  EXPECT_TRUE(none.begin(made.first, goodbye, kAlice)) << "nobody knows yet";
  EXPECT_EQ(receive_with(made.second.get()).size, -1) << "the loop does not send";
  EXPECT_FALSE(none.may_begin(kAlice));
}

TEST_F(FarewellsTest, WithoutAFreeDescriptorNothingBegins) {
  Ends made = socket_pair();
  {
    const FewDescriptors none{0};
    EXPECT_FALSE(begin_of(made.first));
  }
  EXPECT_TRUE(made.first);
  EXPECT_EQ(farewells->count(), 0U);
  EXPECT_TRUE(begin_of(made.first));
}

TEST_F(FarewellsTest, WhatCannotBeWatchedSaysNothing) {
  Fd regular{::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
  EXPECT_FALSE(begin_of(regular));
  EXPECT_TRUE(regular);
  EXPECT_EQ(farewells->room(), 3U);
}

}  // namespace
}  // namespace scache::test
