// SPDX-License-Identifier: Apache-2.0
#include "client/channel.hpp"

#include <sys/eventfd.h>
#include <sys/stat.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "client/channel_fixture.hpp"
#include "support/few_descriptors.hpp"

namespace scache::client {
namespace {

using std::chrono::milliseconds;

using ChannelToAServer = ChannelTest;

TEST_F(ChannelToAServer, ReceivesBytesAndDescriptorsInTheirOrder) {
  const auto nothing = channel_.receive();
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(*nothing);

  const test::Ends pipe = test::pipe_pair();
  peer_->say("abc", {pipe.first.get()});
  peer_->say("def", {pipe.second.get()});
  ASSERT_TRUE(channel_.fill(soon()));
  ASSERT_TRUE(channel_.fill(soon()));
  EXPECT_EQ(channel_.inbox().bytes(), "abcdef");
  const Fd first = channel_.claim();
  const Fd second = channel_.claim();
  EXPECT_TRUE(test::is_close_on_exec(first.get()));
  EXPECT_EQ(::write(second.get(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(::read(first.get(), &byte, 1), 1);
  EXPECT_FALSE(channel_.claim());
  EXPECT_TRUE(channel_.in_step());
}

TEST_F(ChannelToAServer, NoticesItsEnd) {
  peer_->say("last");
  peer_->leave();
  EXPECT_TRUE(channel_.fill(soon()));
  const auto end = channel_.fill(soon());
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ErrorCode::disconnected);
  EXPECT_FALSE(channel_.in_step());
  // No signal ends the process.
  const auto sent = channel_.send("x", {});
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::disconnected);
}

TEST_F(ChannelToAServer, WaitsUntilTheDeadline) {
  const Instant before = BootClock::now();
  const auto waited = channel_.fill(after(before, milliseconds{20}));
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, ErrorCode::timeout);
  EXPECT_GE(BootClock::now() - before, milliseconds{20});
  EXPECT_FALSE(channel_.in_step());
}

TEST_F(ChannelToAServer, WaitsForWhatComesLater) {
  std::thread server{[&] { peer_->say("late"); }};
  EXPECT_TRUE(channel_.fill(soon()));
  server.join();
  EXPECT_EQ(channel_.inbox().bytes(), "late");
}

TEST_F(ChannelToAServer, ReadsWhatIsThereAfterTheDeadline) {
  peer_->say("here");
  EXPECT_TRUE(channel_.fill(Instant::min()));
}

TEST_F(ChannelToAServer, ClosesDescriptorsThatAreTooMany) {
  const test::Ends pipe = test::pipe_pair();
  peer_->say("ab", {pipe.first.get(), pipe.second.get()});
  const auto came = channel_.receive();
  ASSERT_FALSE(came);
  EXPECT_EQ(came.error().code, ErrorCode::protocol);
  EXPECT_FALSE(channel_.claim());
}

TEST_F(ChannelToAServer, KeepsANumberFreeForWhatItExpects) {
  const test::Ends pipe = test::pipe_pair();
  const test::FewDescriptors few{1};
  ASSERT_TRUE(channel_.expect_descriptor());
  EXPECT_EQ(code_of(channel_.expect_descriptor()), ErrorCode::no_descriptors);
  EXPECT_TRUE(channel_.in_step());
  peer_->say("x", {pipe.first.get()});
  ASSERT_TRUE(channel_.fill(soon()));
  EXPECT_EQ(channel_.inbox().bytes(), "x");
  EXPECT_EQ(code_of(channel_.expect_descriptor()), ErrorCode::no_descriptors);
  EXPECT_TRUE(channel_.claim());
  // The reserved number is free again, also after an answer without a descriptor.
  ASSERT_TRUE(channel_.expect_descriptor());
  channel_.expect_one_less();
  ASSERT_TRUE(channel_.expect_descriptor());
}

TEST_F(ChannelToAServer, KeepsTheNumberFromOneRequestToTheNext) {
  test::FewDescriptors few{1};
  ASSERT_TRUE(channel_.expect_descriptor());
  channel_.expect_one_less();
  few.allow(0);
  ASSERT_TRUE(channel_.expect_descriptor());
  EXPECT_EQ(code_of(channel_.expect_descriptor()), ErrorCode::no_descriptors);
}

// A child recognizes what it has inherited by the inode (client/fork_guard).
TEST_F(ChannelToAServer, KeepsTheNumberWithAFileOfItsOwn) {
  const int number = Fd{::dup(0)}.get();
  ASSERT_TRUE(channel_.expect_descriptor());
  struct stat place{};
  struct stat event{};
  ASSERT_EQ(::fstat(number, &place), 0);
  const Fd other{::eventfd(0, EFD_CLOEXEC)};
  ASSERT_EQ(::fstat(other.get(), &event), 0);
  EXPECT_FALSE(place.st_dev == event.st_dev && place.st_ino == event.st_ino);
}

TEST_F(ChannelToAServer, KeepsOneNumberForEachRequestThatIsUnderWay) {
  const test::Ends pipe = test::pipe_pair();
  const test::FewDescriptors few{3};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(channel_.expect_descriptor()) << i;
  EXPECT_EQ(code_of(channel_.expect_descriptor()), ErrorCode::no_descriptors);
  for (int i = 0; i < 3; ++i) {
    peer_->say("x", {pipe.first.get()});
    ASSERT_TRUE(channel_.fill(soon()));
  }
  EXPECT_EQ(channel_.inbox().bytes(), "xxx");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(channel_.claim()) << i;
}

TEST_F(ChannelToAServer, WaitsWhileOtherThreadsTakeTheNumber) {
  const test::Ends pipe = test::pipe_pair();
  test::FewDescriptors few{1};
  ASSERT_TRUE(channel_.expect_descriptor());
  peer_->say("x", {pipe.first.get()});
  // As if another thread had taken the number when it was released.
  few.allow(0);
  const auto came = channel_.receive();
  ASSERT_TRUE(came);
  EXPECT_FALSE(*came);
  few.allow(1);
  ASSERT_TRUE(channel_.fill(soon()));
  EXPECT_TRUE(channel_.claim());
}

TEST_F(ChannelToAServer, SaysThatOtherThreadsHaveLeftNoNumber) {
  const test::Ends pipe = test::pipe_pair();
  test::FewDescriptors few{1};
  ASSERT_TRUE(channel_.expect_descriptor());
  peer_->say("x", {pipe.first.get()});
  few.allow(0);
  const auto came = channel_.fill(after(BootClock::now(), milliseconds{10}));
  EXPECT_EQ(code_of(came), ErrorCode::no_descriptors);
  EXPECT_FALSE(channel_.in_step());
}

TEST_F(ChannelToAServer, CannotConnectWithoutADescriptor) {
  const test::FewDescriptors few{0};
  Channel other;
  EXPECT_EQ(code_of(other.open(listening_.path(), soon())), ErrorCode::no_descriptors);
}

TEST_F(ChannelToAServer, KeepsNoMoreDescriptorsThanAnybodyAskedFor) {
  const test::Ends pipe = test::pipe_pair();
  for (std::size_t i = 0; i < Channel::kMaxUnclaimed; ++i) {
    peer_->say("x", {pipe.first.get()});
    ASSERT_TRUE(channel_.receive()) << i;
  }
  peer_->say("x", {pipe.first.get()});
  const auto came = channel_.receive();
  ASSERT_FALSE(came);
  EXPECT_EQ(came.error().code, ErrorCode::protocol);
}

TEST_F(ChannelToAServer, SendsMoreThanTheSocketHolds) {
  const std::string much(1'000'000, 'm');
  std::thread reader{[&] {
    peer_->expect(much);
    EXPECT_TRUE(peer_->take_descriptor());
    EXPECT_FALSE(peer_->take_descriptor()) << "once is enough";
  }};
  Descriptor descriptor{test::pipe_pair().first.release()};
  Handover handover{descriptor};
  EXPECT_TRUE(channel_.send_all(much, &handover, soon()));
  EXPECT_TRUE(handover.is_sent());
  reader.join();
}

TEST_F(ChannelToAServer, StopsSendingAtTheDeadline) {
  const std::string much(1'000'000, 'm');
  Descriptor descriptor{test::pipe_pair().first.release()};
  Handover handover{descriptor};
  const auto sent = channel_.send_all(much, &handover, after(BootClock::now(), milliseconds{20}));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::timeout);
  EXPECT_TRUE(handover.is_sent()) << "with the first byte";
  EXPECT_FALSE(channel_.in_step());
}

TEST_F(ChannelToAServer, IsNoWorseForADescriptorThatIsNone) {
  Descriptor none{999'999};
  Handover handover{none};
  const auto sent = channel_.send_all("x", &handover, soon());
  static_cast<void>(none.release());
  ASSERT_FALSE(sent);
  EXPECT_FALSE(handover.is_sent());
  EXPECT_EQ(sent.error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(channel_.in_step());
  EXPECT_TRUE(channel_.send_all("y", {}, soon()));
  peer_->expect("y");
}

TEST_F(ChannelToAServer, WithoutOneSaysSo) {
  Channel other;
  const auto missing = other.open(listening_.path() + ".not", soon());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::no_server);
  EXPECT_NE(missing.error().text.find(listening_.path()), std::string::npos);
  const auto nowhere = other.open("", soon());
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::invalid_argument);
  const auto closed = other.fill(soon());
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().code, ErrorCode::disconnected);
}

}  // namespace
}  // namespace scache::client
