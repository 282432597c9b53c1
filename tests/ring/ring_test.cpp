#include "ring/ring.hpp"

#include <liburing.h>

#include <cerrno>

#include "ring/ring_fixture.hpp"

using scache::test::calls;

namespace {

int refuse_or(int (*real)(io_uring*), io_uring* ring) {
  ++calls.submits;
  if (calls.submit_error != 0) return -calls.submit_error;
  ring->sq.sqe_tail -= calls.refused;
  const int result = real(ring);
  ring->sq.sqe_tail += calls.refused;
  return result;
}

}  // namespace

extern "C" {

int __real_io_uring_queue_init_params(unsigned entries, io_uring* ring, io_uring_params* how);
int __wrap_io_uring_queue_init_params(unsigned entries, io_uring* ring, io_uring_params* how) {
  return calls.setup_error != 0 ? -calls.setup_error
                                : __real_io_uring_queue_init_params(entries, ring, how);
}

io_uring_probe* __real_io_uring_get_probe_ring(io_uring* ring);
io_uring_probe* __wrap_io_uring_get_probe_ring(io_uring* ring) {
  return calls.knows_nothing ? nullptr : __real_io_uring_get_probe_ring(ring);
}

int __real_io_uring_submit(io_uring* ring);
int __wrap_io_uring_submit(io_uring* ring) {
  return refuse_or(__real_io_uring_submit, ring);
}

int __real_io_uring_submit_and_get_events(io_uring* ring);
int __wrap_io_uring_submit_and_get_events(io_uring* ring) {
  return refuse_or(__real_io_uring_submit_and_get_events, ring);
}

}  // extern "C"

namespace scache {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(RingTest, SendsEverythingInOrderInOneCall) {
  const Letter& one = write("one ");
  const Letter& two = write("two");
  calls.submits = 0;
  EXPECT_THAT(carry(), IsEmpty());
  EXPECT_EQ(calls.submits, 1u);
  EXPECT_EQ(received(), "one two");
  EXPECT_THAT(one.told, ElementsAre(Took(4)));
  EXPECT_THAT(two.told, ElementsAre(Took(3)));
  EXPECT_TRUE(outgoing.empty());
}

TEST_F(RingTest, ASendThatFallsShortEndsTheWait) {
  const std::string large(1 << 20, 'x');
  const Letter& letter = write(large);
  EXPECT_THAT(carry(-1), IsEmpty());
  ASSERT_THAT(letter.told, SizeIs(1));
  EXPECT_EQ(letter.told.front().error, EAGAIN);
  EXPECT_GT(letter.told.front().size, 0u);
  EXPECT_EQ(received().size(), letter.told.front().size);
}

TEST_F(RingTest, AFullWayTakesNothingAndHoldsUpNobody) {
  fill();
  const Letter& stuck = write("hello");
  Ends other = socket_pair();
  Letter free{other.first.get(), "hello"};
  outgoing.push_back(free);
  carry(-1);
  ASSERT_THAT(stuck.told, SizeIs(1));
  EXPECT_EQ(stuck.told.front().size, 0u);
  EXPECT_EQ(stuck.told.front().error, EAGAIN);
  EXPECT_THAT(free.told, ElementsAre(Took(5)));
}

TEST_F(RingTest, APeerThatHasGoneIsABrokenPipeAndNoSignal) {
  ends.second.reset();
  const Letter& letter = write("hello");
  carry(-1);
  ASSERT_THAT(letter.told, SizeIs(1));
  EXPECT_EQ(letter.told.front().error, EPIPE);
  EXPECT_TRUE(is_fine);
}

TEST_F(RingTest, AsManySendsAsOneCallCarriesAndOneMore) {
  for (unsigned i = 0; i <= Ring::kMostSends; ++i) write("x");
  carry();
  EXPECT_EQ(received().size(), Ring::kMostSends + 1);
  for (const Letter& letter : letters) EXPECT_THAT(letter.told, ElementsAre(Took(1)));
  EXPECT_TRUE(is_fine);
}

TEST_F(RingTest, ASendThatIsOneTooManyAndFallsShortEndsTheWait) {
  for (unsigned i = 0; i < Ring::kMostSends; ++i) write("x");
  Ends other = socket_pair();
  Letter large{other.first.get(), std::string(1 << 20, 'x')};
  outgoing.push_back(large);
  carry(-1);
  ASSERT_THAT(large.told, SizeIs(1));
  EXPECT_LT(large.told.front().size, large.bytes().size());
}

TEST_F(RingTest, ClosesWithTheNextCall) {
  Fd fd = duplicate(pipe.first);
  const int number = fd.get();
  ring->close_soon(std::move(fd));
  EXPECT_TRUE(is_open(number));
  carry();
  EXPECT_FALSE(is_open(number));
}

TEST_F(RingTest, AsManyClosesAsMayWaitAndOneMore) {
  std::vector<int> numbers;
  for (std::size_t i = 0; i <= Ring::kMostCloses; ++i) {
    Fd fd = duplicate(pipe.first);
    numbers.push_back(fd.get());
    ring->close_soon(std::move(fd));
  }
  EXPECT_FALSE(is_open(numbers.back())) << "at once";
  for (std::size_t i = 0; i < Ring::kMostCloses; ++i) EXPECT_TRUE(is_open(numbers[i]));
  carry();
  for (const int number : numbers) EXPECT_FALSE(is_open(number));
}

TEST_F(RingTest, FewerClosesMayBeAskedFor) {
  ring = Ring::make(epoll.get(), {.closes = 0});
  Fd fd = duplicate(pipe.first);
  const int number = fd.get();
  ring->close_soon(std::move(fd));
  EXPECT_FALSE(is_open(number));
}

TEST_F(RingTest, WhatWaitsToBeClosedIsClosedWithTheRing) {
  Fd fd = duplicate(pipe.first);
  const int number = fd.get();
  ring->close_soon(std::move(fd));
  ring.reset();
  EXPECT_FALSE(is_open(number));
}

TEST_F(RingTest, WhenTheKernelRefusesACallAllIsDoneAllTheSame) {
  const Letter& one = write("one");
  const Letter& two = write("two");
  Fd fd = duplicate(pipe.first);
  const int number = fd.get();
  ring->close_soon(std::move(fd));
  calls.submit_error = ENOMEM;
  carry();
  EXPECT_FALSE(is_fine);
  EXPECT_THAT(one.told, ElementsAre(Took(3)));
  EXPECT_THAT(two.told, ElementsAre(Took(3)));
  EXPECT_THAT(received(), SizeIs(6));
  EXPECT_FALSE(is_open(number));
}

TEST_F(RingTest, WhatTheKernelTookIsNotDoneTwice) {
  watch(pipe.first);
  watch(ends.second);
  const Letter& letter = write("hello");
  calls.refused = 2;
  carry();
  EXPECT_FALSE(is_fine);
  EXPECT_THAT(letter.told, ElementsAre(Took(5)));
  EXPECT_EQ(received(), "hello");
  EXPECT_THAT(watched(), SizeIs(2));
}

TEST_F(RingTest, ThereIsNoneWhereTheKernelHasOrAllowsNone) {
  calls.setup_error = EPERM;
  EXPECT_EQ(Ring::make(epoll.get(), {}), nullptr);
  calls.setup_error = 0;
  calls.knows_nothing = true;
  EXPECT_EQ(Ring::make(epoll.get(), {}), nullptr);
}

}  // namespace
}  // namespace scache
