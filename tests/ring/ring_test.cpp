#include "ring/ring.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/descriptors.hpp"

namespace {

// What becomes of the next calls of liburing: an errno, or zero for the kernel's own answer.
int setup_error = 0;
int submit_error = 0;
bool knows_nothing = false;
unsigned submits = 0;

int refuse_or(int (*real)(io_uring*), io_uring* ring) {
  ++submits;
  return submit_error != 0 ? -submit_error : real(ring);
}

}  // namespace

extern "C" {

int __real_io_uring_queue_init(unsigned entries, io_uring* ring, unsigned flags);
int __wrap_io_uring_queue_init(unsigned entries, io_uring* ring, unsigned flags) {
  return setup_error != 0 ? -setup_error : __real_io_uring_queue_init(entries, ring, flags);
}

io_uring_probe* __real_io_uring_get_probe_ring(io_uring* ring);
io_uring_probe* __wrap_io_uring_get_probe_ring(io_uring* ring) {
  return knows_nothing ? nullptr : __real_io_uring_get_probe_ring(ring);
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

class Letter final : public Outgoing {
 public:
  Letter(int socket, std::string bytes) : socket_{socket}, bytes_{std::move(bytes)} {}
  ~Letter() = default;

  int socket() const noexcept override { return socket_; }
  std::string_view bytes() const noexcept override { return bytes_; }
  void left(const Sent& sent) noexcept override { told.push_back(sent); }

  std::vector<Sent> told;

 private:
  int socket_;
  std::string bytes_;
};

class RingTest : public DescriptorCensus {
 protected:
  // One that is used whatever there is to do.
  void SetUp() override {
    make({.fewest = 0});
    if (!ring) GTEST_SKIP() << "this kernel's io_uring cannot wait for epoll";
  }
  ~RingTest() override {
    setup_error = submit_error = 0;
    knows_nothing = false;
  }
  void make(const Ring::Settings& settings) { ring = Ring::make(epoll.get(), settings); }

  Letter& write(std::string bytes) {
    Letter& letter = letters.emplace_back(ends.first.get(), std::move(bytes));
    outgoing.push_back(letter);
    return letter;
  }
  void watch(int descriptor, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = descriptor;
    ASSERT_EQ(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, descriptor, &event), 0);
  }
  // The descriptors that have an event.
  std::vector<int> carry(int milliseconds = 0) {
    const auto events = ring->carry(outgoing, milliseconds);
    is_fine = events.has_value();
    std::vector<int> descriptors;
    if (events) {
      for (const epoll_event& event : *events) descriptors.push_back(event.data.fd);
    }
    return descriptors;
  }
  std::string received() {
    std::string bytes(1 << 20, '\0');
    const ssize_t size = ::recv(ends.second.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    bytes.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return bytes;
  }
  static Fd duplicate(const Fd& fd) { return Fd{::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0)}; }

  const Fd epoll{::epoll_create1(EPOLL_CLOEXEC)};
  Ends ends = socket_pair();
  Ends pipe = pipe_pair();
  std::deque<Letter> letters;
  OutgoingList outgoing;
  std::unique_ptr<Ring> ring;
  bool is_fine = false;
};

MATCHER_P(Took, size, "") {
  return arg.size == static_cast<std::size_t>(size) && arg.error == 0;
}

TEST_F(RingTest, SendsEverythingInOrderInOneCall) {
  const Letter& one = write("one ");
  const Letter& two = write("two");
  submits = 0;
  EXPECT_THAT(carry(), IsEmpty());
  EXPECT_EQ(submits, 1u);
  EXPECT_EQ(received(), "one two");
  EXPECT_THAT(one.told, ElementsAre(Took(4)));
  EXPECT_THAT(two.told, ElementsAre(Took(3)));
  EXPECT_TRUE(outgoing.empty());
}

TEST_F(RingTest, TellsOfEventsAsLongAsTheyLast) {
  watch(pipe.first.get(), EPOLLIN);
  EXPECT_THAT(carry(), IsEmpty());
  ASSERT_EQ(::write(pipe.second.get(), "x", 1), 1);
  EXPECT_THAT(carry(), ElementsAre(pipe.first.get()));
  EXPECT_THAT(carry(), ElementsAre(pipe.first.get()));
  char byte = 0;
  ASSERT_EQ(::read(pipe.first.get(), &byte, 1), 1);
  EXPECT_THAT(carry(), IsEmpty());
}

TEST_F(RingTest, WaitsForAnEventThatTheSendItselfBringsAbout) {
  EXPECT_THAT(carry(), IsEmpty());
  watch(ends.second.get(), EPOLLIN);
  const Letter& letter = write("hello");
  EXPECT_THAT(carry(-1), ElementsAre(ends.second.get()));
  EXPECT_THAT(letter.told, ElementsAre(Took(5)));
}

TEST_F(RingTest, WhatIsNoLongerWatchedIsNotTold) {
  watch(pipe.first.get(), EPOLLIN);
  EXPECT_THAT(carry(), IsEmpty());
  ASSERT_EQ(::write(pipe.second.get(), "x", 1), 1);
  ASSERT_EQ(::epoll_ctl(epoll.get(), EPOLL_CTL_DEL, pipe.first.get(), nullptr), 0);
  EXPECT_THAT(carry(), IsEmpty());
}

TEST_F(RingTest, AWaitEndsWithItsTimeAndTheNextGoesOn) {
  watch(pipe.first.get(), EPOLLIN);
  write("hello");
  EXPECT_THAT(carry(1), IsEmpty());
  EXPECT_TRUE(is_fine);
  EXPECT_EQ(received(), "hello") << "sent before it waited";
  ASSERT_EQ(::write(pipe.second.get(), "x", 1), 1);
  EXPECT_THAT(carry(60'000), ElementsAre(pipe.first.get()));
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
  const std::string chunk(4'096, 'x');
  while (::send(ends.first.get(), chunk.data(), chunk.size(), MSG_DONTWAIT) > 0) {
  }
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
  make({.closes = 0});
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

TEST_F(RingTest, OneThingIsDoneByPlainCalls) {
  make({});
  watch(pipe.first.get(), EPOLLIN);
  ASSERT_EQ(::write(pipe.second.get(), "x", 1), 1);
  submits = 0;
  const Letter& letter = write("hello");
  EXPECT_THAT(carry(), ElementsAre(pipe.first.get()));
  EXPECT_EQ(received(), "hello");
  EXPECT_THAT(letter.told, ElementsAre(Took(5)));
  ring->close_soon(duplicate(pipe.first));
  EXPECT_THAT(carry(), ElementsAre(pipe.first.get()));
  EXPECT_EQ(submits, 0u);

  write("hello");
  ring->close_soon(duplicate(pipe.first));
  EXPECT_THAT(carry(), ElementsAre(pipe.first.get()));
  EXPECT_EQ(submits, 1u);
}

TEST_F(RingTest, WhenTheKernelRefusesACallAllIsDoneAllTheSame) {
  const Letter& one = write("one");
  const Letter& two = write("two");
  Fd fd = duplicate(pipe.first);
  const int number = fd.get();
  ring->close_soon(std::move(fd));
  submit_error = ENOMEM;
  carry();
  EXPECT_FALSE(is_fine);
  EXPECT_THAT(one.told, ElementsAre(Took(3)));
  EXPECT_THAT(two.told, ElementsAre(Took(3)));
  EXPECT_THAT(received(), SizeIs(6));
  EXPECT_FALSE(is_open(number));
}

TEST_F(RingTest, AnEpollThatIsNoneEndsTheRing) {
  ring = Ring::make(pipe.first.get(), {.fewest = 0});
  const Letter& letter = write("hello");
  carry(-1);
  EXPECT_FALSE(is_fine);
  EXPECT_THAT(letter.told, ElementsAre(Took(5)));
}

TEST_F(RingTest, ThereIsNoneWhereTheKernelHasOrAllowsNone) {
  setup_error = EPERM;
  EXPECT_EQ(Ring::make(epoll.get(), {}), nullptr);
  setup_error = 0;
  knows_nothing = true;
  EXPECT_EQ(Ring::make(epoll.get(), {}), nullptr);
}

}  // namespace
}  // namespace scache
