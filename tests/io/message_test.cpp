// SPDX-License-Identifier: Apache-2.0
#include "io/message.hpp"

#include <gtest/gtest.h>
#include <sys/time.h>

#include <array>
#include <chrono>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "io/closer.hpp"
#include "support/descriptors.hpp"
#include "support/few_descriptors.hpp"

namespace scache::io {
namespace {

using test::Ends;
using test::FewDescriptors;

class MessageTest : public test::DescriptorCensus, public Surplus {
 protected:
  Received take(std::size_t most = 4'096) {
    buffer.resize(most);
    Received received = receive(ends.first.get(), buffer, *this);
    buffer.resize(received.size);
    return received;
  }
  std::string bytes() const { return {buffer.begin(), buffer.end()}; }
  // `count` copies of one descriptor.
  std::vector<int> copies(std::size_t count) const {
    return std::vector<int>(count, pipe.first.get());
  }

  Closer closer;
  Ends ends = test::socket_pair();
  Ends pipe = test::pipe_pair();
  std::vector<char> buffer;

 private:
  void close_surplus(Fd fd) noexcept override { closer.close(std::move(fd), Closer::kNobody); }
};

TEST_F(MessageTest, BytesComeAsTheyWereSent) {
  ASSERT_EQ(send(ends.second.get(), "hello").size, 5u);
  const Received received = take();
  EXPECT_EQ(received.kind, Received::Kind::bytes);
  EXPECT_EQ(bytes(), "hello");
  EXPECT_FALSE(received.fd);
  EXPECT_FALSE(received.descriptors_lost);
}

TEST_F(MessageTest, WithNothingThereItDoesNotWait) {
  EXPECT_EQ(take().kind, Received::Kind::nothing_yet);
}

TEST_F(MessageTest, AWaitEndsWithTheSocketsTimeout) {
  const timeval limit{.tv_sec = 0, .tv_usec = 1'000};
  ASSERT_EQ(::setsockopt(ends.first.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
  buffer.resize(10);
  for (const auto& call : {&receive, &receive_if_room}) {
    EXPECT_EQ(call(ends.first.get(), buffer, *this, WhenEmpty::wait).kind,
              Received::Kind::nothing_yet);
  }
}

TEST_F(MessageTest, AWaitEndsWithASignal) {
  // Every millisecond, since one that comes before the wait does not end it.
  struct sigaction before{};
  struct sigaction nothing{};
  nothing.sa_handler = [](int) {};
  nothing.sa_flags = SA_RESTART;
  ::sigaction(SIGALRM, &nothing, &before);
  const itimerval often{.it_interval = {0, 1'000}, .it_value = {0, 1'000}};
  const itimerval off{};
  const timeval limit{.tv_sec = 60, .tv_usec = 0};
  ASSERT_EQ(::setsockopt(ends.first.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
  buffer.resize(10);
  ::setitimer(ITIMER_REAL, &often, nullptr);
  const Received received = receive(ends.first.get(), buffer, *this, WhenEmpty::wait);
  ::setitimer(ITIMER_REAL, &off, nullptr);
  ::sigaction(SIGALRM, &before, nullptr);
  EXPECT_EQ(received.kind, Received::Kind::nothing_yet);
}

TEST_F(MessageTest, APeerThatHasGoneIsTheEnd) {
  ASSERT_EQ(send(ends.second.get(), "last").size, 4u);
  ends.second.reset();
  EXPECT_EQ(take().kind, Received::Kind::bytes);
  EXPECT_EQ(take().kind, Received::Kind::end);
  EXPECT_EQ(take().kind, Received::Kind::end);
}

TEST_F(MessageTest, APeerThatLeftBytesUnreadIsAFailure) {
  ASSERT_EQ(send(ends.first.get(), "unread").size, 6u);
  ends.second.reset();
  const Received received = take();
  EXPECT_EQ(received.kind, Received::Kind::failed);
  EXPECT_EQ(received.error, ECONNRESET);
}

TEST_F(MessageTest, WhatIsNoSocketFails) {
  std::array<char, 1> room{};
  const Received received = receive(pipe.first.get(), room, *this);
  EXPECT_EQ(received.kind, Received::Kind::failed);
  EXPECT_EQ(received.error, ENOTSOCK);
}

TEST_F(MessageTest, ADescriptorComesWithItsByteAndIsClosedOnExec) {
  ASSERT_EQ(send(ends.second.get(), "x", pipe.first.get()).size, 1u);
  const Received received = take();
  EXPECT_EQ(bytes(), "x");
  ASSERT_TRUE(received.fd);
  EXPECT_NE(received.fd.get(), pipe.first.get());
  EXPECT_TRUE(test::is_close_on_exec(received.fd.get()));
  ASSERT_EQ(::write(pipe.second.get(), "!", 1), 1);
  char byte = 0;
  EXPECT_EQ(::read(received.fd.get(), &byte, 1), 1);
  EXPECT_EQ(byte, '!');
}

TEST_F(MessageTest, TheSenderKeepsItsDescriptor) {
  ASSERT_EQ(send(ends.second.get(), "x", pipe.first.get()).size, 1u);
  EXPECT_TRUE(test::is_open(pipe.first.get()));
}

TEST_F(MessageTest, DescriptorZeroCanBeSent) {
  const int before = ::dup(0);
  const Fd saved{before};
  ASSERT_EQ(::dup2(pipe.first.get(), 0), 0);
  EXPECT_EQ(send(ends.second.get(), "x", 0).size, 1u);
  if (before >= 0) {
    ::dup2(before, 0);
  } else {
    ::close(0);
  }
  EXPECT_TRUE(take().fd);
}

TEST_F(MessageTest, WhatMustNotBeLostStaysWhereThereIsNoRoomForIt) {
  buffer.resize(4'096);
  ASSERT_TRUE(test::send_with(ends.second.get(), "AA", {}));
  ASSERT_TRUE(test::send_with(ends.second.get(), "BB", {pipe.second.get()}));
  ASSERT_TRUE(test::send_with(ends.second.get(), "CC", {}));
  pipe.second.reset();
  {
    const FewDescriptors few{0};
    for (int i = 0; i < 2; ++i) {
      const Received none = receive_if_room(ends.first.get(), buffer, *this);
      EXPECT_EQ(none.kind, Received::Kind::failed);
      EXPECT_EQ(none.error, EMFILE);
    }
  }
  EXPECT_FALSE(test::is_left_alone(pipe.first));
  Received both = receive_if_room(ends.first.get(), buffer, *this);
  EXPECT_EQ(std::string(buffer.data(), both.size), "AABB");
  ASSERT_TRUE(both.fd);
  EXPECT_TRUE(test::is_close_on_exec(both.fd.get()));
  EXPECT_EQ(::write(both.fd.get(), "!", 1), 1);
  const Received rest = receive_if_room(ends.first.get(), buffer, *this);
  EXPECT_EQ(std::string(buffer.data(), rest.size), "CC");
  EXPECT_FALSE(rest.fd);
  EXPECT_EQ(receive_if_room(ends.first.get(), buffer, *this).kind, Received::Kind::nothing_yet);
  both.fd.reset();
  EXPECT_TRUE(test::is_left_alone(pipe.first)) << "there is no other copy";
  ends.second.reset();
  EXPECT_EQ(receive_if_room(ends.first.get(), buffer, *this).kind, Received::Kind::end);
}

TEST_F(MessageTest, WhatMustNotBeLostIsOneDescriptorAtATime) {
  buffer.resize(4'096);
  ASSERT_TRUE(test::send_with(ends.second.get(), "x", copies(2)));
  const Received received = receive_if_room(ends.first.get(), buffer, *this);
  EXPECT_TRUE(received.descriptors_lost);
  EXPECT_FALSE(received.fd);
  EXPECT_EQ(receive_if_room(ends.first.get(), buffer, *this).kind, Received::Kind::nothing_yet);
}

// The kernel's rule that Stream relies on.
TEST_F(MessageTest, EarlierBytesAreGluedInFrontOfADescriptorsMessageAndLaterOnesNever) {
  ASSERT_TRUE(test::send_with(ends.second.get(), "AAAA", {}));
  ASSERT_TRUE(test::send_with(ends.second.get(), "BB", {pipe.first.get()}));
  ASSERT_TRUE(test::send_with(ends.second.get(), "CC", {}));
  const Received first = take();
  EXPECT_EQ(bytes(), "AAAABB");
  EXPECT_TRUE(first.fd);
  const Received second = take();
  EXPECT_EQ(bytes(), "CC");
  EXPECT_FALSE(second.fd);
}

TEST_F(MessageTest, ADescriptorComesWithTheFirstPartOfItsMessage) {
  ASSERT_TRUE(test::send_with(ends.second.get(), "xyz", {pipe.first.get()}));
  EXPECT_TRUE(take(1).fd);
  EXPECT_EQ(bytes(), "x");
  EXPECT_FALSE(take().fd);
  EXPECT_EQ(bytes(), "yz");
}

TEST_F(MessageTest, TwoMessagesWithDescriptorsAreTwo) {
  ASSERT_TRUE(test::send_with(ends.second.get(), "a", {pipe.first.get()}));
  ASSERT_TRUE(test::send_with(ends.second.get(), "b", {pipe.second.get()}));
  EXPECT_TRUE(take().fd);
  EXPECT_EQ(bytes(), "a");
  EXPECT_TRUE(take().fd);
  EXPECT_EQ(bytes(), "b");
}

class SurplusTest : public MessageTest, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(SurplusTest, MoreDescriptorsThanOneAreAllClosedAndItIsTold) {
  const std::size_t before = test::open_descriptors();
  ASSERT_TRUE(test::send_with(ends.second.get(), "x", copies(GetParam())));
  const Received received = take();
  EXPECT_EQ(received.kind, Received::Kind::bytes);
  EXPECT_EQ(bytes(), "x");
  EXPECT_FALSE(received.fd);
  EXPECT_TRUE(received.descriptors_lost);
  EXPECT_TRUE(test::comes_to(before));
}

INSTANTIATE_TEST_SUITE_P(Counts, SurplusTest, ::testing::Values(2, 3, 4, 252, 253));

TEST_F(MessageTest, SurplusDescriptorsDoNotDelayTheirReceiver) {
  Ends lingering = test::lingering_pair(30);
  std::vector<int> descriptors = copies(252);
  descriptors.push_back(lingering.first.get());
  ASSERT_TRUE(test::send_with(ends.second.get(), "x", descriptors));
  lingering.first.reset();
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_TRUE(take().descriptors_lost);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{10});
  // Ends the closer's wait.
  lingering.second.reset();
}

TEST_F(MessageTest, WithoutRoomForADescriptorItIsTold) {
  ASSERT_TRUE(test::send_with(ends.second.get(), "x", copies(1)));
  ASSERT_TRUE(test::send_with(ends.second.get(), "y", copies(3)));
  {
    const FewDescriptors few{0};
    EXPECT_EQ(::dup(0), -1);
    const Received received = take();
    EXPECT_EQ(received.kind, Received::Kind::bytes);
    EXPECT_FALSE(received.fd);
    EXPECT_TRUE(received.descriptors_lost);
  }
  EXPECT_EQ(bytes(), "x");
  {
    const FewDescriptors few{1};
    const Received received = take();
    EXPECT_FALSE(received.fd);
    EXPECT_TRUE(received.descriptors_lost);
  }
  EXPECT_EQ(bytes(), "y");
}

TEST_F(MessageTest, APeerThatHasGoneIsAnErrorAndNoSignal) {
  struct sigaction before{};
  struct sigaction deadly{};
  deadly.sa_handler = SIG_DFL;
  ASSERT_EQ(::sigaction(SIGPIPE, &deadly, &before), 0);
  ends.first.reset();
  EXPECT_EQ(send(ends.second.get(), "x").error, EPIPE);
  EXPECT_EQ(send(ends.second.get(), "x", pipe.first.get()).error, EPIPE);
  ::sigaction(SIGPIPE, &before, nullptr);
}

TEST_F(MessageTest, WithoutRoomSendingDoesNotWait) {
  const std::string much(64 * 1'024, 'x');
  Sent sent;
  while ((sent = send(ends.second.get(), much)).error == 0) EXPECT_GT(sent.size, 0u);
  EXPECT_TRUE(sent.must_wait());
  EXPECT_TRUE(send(ends.second.get(), "x", pipe.first.get()).must_wait());
}

TEST_F(MessageTest, ADescriptorThatIsNoneIsAnError) {
  const Sent sent = send(ends.second.get(), "x", 1'000'000);
  EXPECT_EQ(sent.error, EBADF);
  EXPECT_FALSE(sent.must_wait());
  EXPECT_EQ(take().kind, Received::Kind::nothing_yet);
}

}  // namespace
}  // namespace scache::io
