#include <gtest/gtest.h>
#include <poll.h>
#include <sys/epoll.h>

#include <cerrno>
#include <deque>
#include <optional>

#include "ring/ring_fixture.hpp"

// What a ring watches for others.

namespace scache {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

using RingWatchTest = RingTest;

TEST_F(RingWatchTest, TellsOfAnEventOnceAndAgainWhenItIsWatchedAgain) {
  watch(pipe.first);
  EXPECT_THAT(carry(), IsEmpty());
  say(pipe.second);
  EXPECT_THAT(carry(), ElementsAre(whom(pipe.first)));
  EXPECT_THAT(carry(), IsEmpty());
  watch(pipe.first);
  EXPECT_THAT(carry(), ElementsAre(whom(pipe.first))) << "it is still there";
  EXPECT_TRUE(is_fine);
}

TEST_F(RingWatchTest, WatchesForWhatItIsToldTo) {
  watch(ends.first, EPOLLOUT);
  watch(ends.second, EPOLLIN);
  EXPECT_THAT(carry(), ElementsAre(whom(ends.first)));
  say(ends.first);
  EXPECT_THAT(carry(), ElementsAre(whom(ends.second)));
}

TEST_F(RingWatchTest, AHangUpIsAnEventWhateverIsWatchedFor) {
  watch(pipe.first);
  pipe.second.reset();
  EXPECT_THAT(carry(-1), ElementsAre(whom(pipe.first)));
}

TEST_F(RingWatchTest, WaitsForAnEventThatTheSendItselfBringsAbout) {
  watch(ends.second);
  EXPECT_THAT(carry(), IsEmpty());
  const Letter& letter = write("hello");
  EXPECT_THAT(carry(-1), ElementsAre(whom(ends.second)));
  EXPECT_THAT(letter.told, ElementsAre(Took(5)));
}

TEST_F(RingWatchTest, WhatIsNoLongerWatchedIsNotTold) {
  const std::uint32_t number = watch(pipe.first);
  EXPECT_THAT(carry(), IsEmpty());
  say(pipe.second);
  ring->unwatch(number);
  EXPECT_THAT(carry(), IsEmpty());
  EXPECT_THAT(carry(1), IsEmpty());
}

TEST_F(RingWatchTest, WhatIsNoLongerWatchedBeforeTheKernelKnowsIsNotTold) {
  ring->unwatch(watch(pipe.first));
  say(pipe.second);
  EXPECT_THAT(carry(), IsEmpty());
}

TEST_F(RingWatchTest, WhatIsNoLongerWatchedEndsWithItsDescriptor) {
  const std::uint32_t number = watch(pipe.first);
  EXPECT_THAT(carry(), IsEmpty());
  ring->unwatch(number);
  pipe.first.reset();
  // Nobody can read it any more (EPIPE; SIGPIPE is for those who have not asked).
  pollfd end{.fd = pipe.second.get(), .events = 0, .revents = 0};
  EXPECT_EQ(::poll(&end, 1, 0), 1);
  EXPECT_EQ(end.revents, POLLERR);
}

TEST_F(RingWatchTest, APeerThatSendsNoMoreMakesNoRoom) {
  fill();
  ::shutdown(ends.second.get(), SHUT_WR);
  watch(ends.first, EPOLLOUT);
  EXPECT_THAT(carry(1), IsEmpty());
  EXPECT_THAT(carry(1), IsEmpty());
  while (!received().empty()) {
  }
  EXPECT_THAT(carry(-1), ElementsAre(whom(ends.first)));
  EXPECT_THAT(carry(), IsEmpty());
  watch(ends.first, EPOLLOUT);
  EXPECT_THAT(carry(-1), ElementsAre(whom(ends.first)));
}

TEST_F(RingWatchTest, WhoeverWaitsForRoomNoLongerIsNotTold) {
  const Ends more = socket_pair();
  const std::uint32_t number = watch(ends.first, EPOLLOUT);
  ring->unwatch(number);
  EXPECT_THAT(carry(), IsEmpty());
  watch(ends.first, EPOLLOUT);
  watch(more.first, EPOLLOUT);
  EXPECT_THAT(carry(-1), UnorderedElementsAre(whom(ends.first), whom(more.first)));
}

TEST_F(RingWatchTest, MoreRoomThanOneCallTakesIsTakenByTheNext) {
  std::deque<Fd> all;
  for (int i = 0; i < 200; ++i) watch(all.emplace_back(duplicate(ends.first)), EPOLLOUT);
  std::size_t count = carry().size();
  EXPECT_LT(count, 200u);
  count += carry().size();
  EXPECT_EQ(count, 200u);
}

TEST_F(RingWatchTest, LeavesEpollAsItWas) {
  fill();
  watch(ends.first, EPOLLOUT);
  carry();
  EXPECT_THAT(watched(), ElementsAre(whom(ends.first)));
  ring.reset();
  epoll_event event{};
  EXPECT_EQ(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, ends.first.get(), &event), 0);
}

TEST_F(RingWatchTest, WhatEpollRefusesEndsTheRing) {
  EXPECT_EQ(ring->watch(1'000'000, EPOLLOUT, this), std::nullopt);
  carry();
  EXPECT_FALSE(is_fine);
  EXPECT_THAT(watched(), IsEmpty());
}

TEST_F(RingWatchTest, WhatHasNotToBeQuickIsLeftToEpoll) {
  watch(ends.first, EPOLLIN | EPOLLRDNORM);
  epoll_event event{};
  EXPECT_EQ(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, ends.first.get(), &event), -1);
  EXPECT_EQ(errno, EEXIST);
  EXPECT_THAT(carry(), IsEmpty());
  say(ends.second);
  EXPECT_THAT(carry(-1), ElementsAre(whom(ends.first)));
  watch(ends.first, EPOLLIN | EPOLLRDNORM);
  EXPECT_THAT(carry(-1), ElementsAre(whom(ends.first)));
}

TEST_F(RingWatchTest, PlacesAreUsedAgain) {
  ring = Ring::make(epoll.get(), {.watches = 2});
  for (int i = 0; i < 100; ++i) {
    const std::uint32_t number = watch(pipe.first);
    watch(ends.second);
    if (i % 2 == 0) carry();
    ring->unwatch(number);
    say(ends.first);
    EXPECT_THAT(carry(), ElementsAre(whom(ends.second)));
    EXPECT_EQ(received(), "x");
  }
}

TEST_F(RingWatchTest, AsManyWatchesAsThereArePlacesAndOneMore) {
  constexpr std::size_t kPlaces = 600;
  ring = Ring::make(epoll.get(), {.watches = kPlaces});
  for (std::size_t i = 0; i < kPlaces; ++i) watch(pipe.first);
  say(pipe.second);
  EXPECT_THAT(carry(), SizeIs(kPlaces));
  EXPECT_THAT(carry(), IsEmpty());
  for (std::size_t i = 0; i < kPlaces; ++i) watch(pipe.first);
  EXPECT_EQ(ring->watch(pipe.first.get(), EPOLLIN, this), std::nullopt);
  carry();
  EXPECT_FALSE(is_fine);
  EXPECT_THAT(watched(), SizeIs(kPlaces)) << "who must look elsewhere";
}

TEST_F(RingWatchTest, AWaitEndsWithItsTimeAndTheNextGoesOn) {
  watch(pipe.first);
  write("hello");
  EXPECT_THAT(carry(1), IsEmpty());
  EXPECT_TRUE(is_fine);
  EXPECT_EQ(received(), "hello") << "sent before it waited";
  say(pipe.second);
  EXPECT_THAT(carry(60'000), ElementsAre(whom(pipe.first)));
}

TEST_F(RingWatchTest, WhoeverIsWatchedIsKnownWhenItFails) {
  watch(pipe.first);
  carry();
  watch(ends.first);
  calls.submit_error = ENOMEM;
  carry();
  EXPECT_FALSE(is_fine);
  EXPECT_THAT(watched(), UnorderedElementsAre(whom(pipe.first), whom(ends.first)));
}

TEST_F(RingWatchTest, WhoeverIsWatchedIsKnownWhenNotAllCanBe) {
  constexpr std::size_t kMoreThanOneCallTakes = 600;
  for (std::size_t i = 0; i < kMoreThanOneCallTakes; ++i) watch(pipe.first);
  const Letter& letter = write("hello");
  calls.submit_error = ENOMEM;
  carry();
  EXPECT_FALSE(is_fine);
  EXPECT_THAT(letter.told, ElementsAre(Took(5)));
  EXPECT_EQ(received(), "hello") << "once";
  EXPECT_THAT(watched(), SizeIs(kMoreThanOneCallTakes));
}

TEST_F(RingWatchTest, ItFailsWhenAWatchCannotBeEnded) {
  const std::uint32_t number = watch(pipe.first);
  watch(ends.second);
  carry();
  calls.submit_error = ENOMEM;
  ring->unwatch(number);
  calls.submit_error = 0;
  const Letter& letter = write("hello");
  ring->close_soon(duplicate(pipe.first));
  EXPECT_EQ(ring->watch(pipe.first.get(), EPOLLIN, this), std::nullopt);
  carry(-1);
  EXPECT_FALSE(is_fine);
  EXPECT_THAT(letter.told, ElementsAre(Took(5)));
  EXPECT_THAT(watched(), ElementsAre(whom(ends.second)));
}

TEST_F(RingWatchTest, ADescriptorThatIsNoneIsForOthersToRefuse) {
  ASSERT_TRUE(ring->watch(1'000'000, EPOLLIN, this));
  watch(pipe.first);
  say(pipe.second);
  const Letter& letter = write("hello");
  carry(-1);
  EXPECT_FALSE(is_fine);
  EXPECT_THAT(letter.told, ElementsAre(Took(5)));
  EXPECT_THAT(watched(), UnorderedElementsAre(this, whom(pipe.first)));
}

TEST_F(RingWatchTest, AsManyWatchesAsAreAllowedAtTheMost) {
  ring = Ring::make(epoll.get(), {.watches = Ring::kMostWatches + 1});
  ASSERT_TRUE(ring);
  for (std::size_t i = 0; i < Ring::kMostWatches; ++i) watch(pipe.first);
  EXPECT_EQ(ring->watch(pipe.first.get(), EPOLLIN, this), std::nullopt);
}

}  // namespace
}  // namespace scache
