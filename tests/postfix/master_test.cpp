// SPDX-License-Identifier: Apache-2.0
#include "postfix/master.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdint>
#include <functional>

#include "postfix/scratch.hpp"

namespace scache::postfix {
namespace {

// Descriptors as master passes them, in a child process so that the test keeps its own.
class InheritedTest : public ::testing::Test {
 protected:
  // The output of `look` in a child whose descriptors 3 to 6 are `sources`; -1 means none.
  std::string in_child(std::array<int, 4> sources, const std::function<std::string()>& look) {
    return test::in_child([&] {
      for (int& source : sources)
        if (source >= 0) source = ::fcntl(source, F_DUPFD, 200);
      for (std::size_t i = 0; i < sources.size(); ++i) {
        const int number = kFlowReadFd + static_cast<int>(i);
        ::close(number);
        if (sources[i] >= 0) ::dup2(sources[i], number);
      }
      return look();
    });
  }

  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    pipe_[0].reset(ends[0]);
    pipe_[1].reset(ends[1]);
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    status_[0].reset(ends[0]);
    status_[1].reset(ends[1]);
    listener_ = bound_socket(scratch_.path("service"), SOCK_STREAM);
    ASSERT_EQ(::listen(listener_.get(), 5), 0);
  }

  static std::string look() {
    auto inherited = adopt_inherited(1);
    if (!inherited) return inherited.error().text;
    for (int descriptor = kFlowReadFd; descriptor <= kFirstListenFd; ++descriptor)
      if ((::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) == 0) return "open on exec";
    if ((::fcntl(kFirstListenFd, F_GETFL) & O_NONBLOCK) == 0) return "blocking";
    if (inherited->flow_read.get() != 3 || inherited->flow_write.get() != 4) return "flow pipe";
    if (inherited->status.get() != 5) return "status channel";
    if (inherited->listeners.size() != 1 || inherited->listeners[0].get() != 6) return "listener";
    return "good";
  }

  ScratchDirectory scratch_;
  std::array<Fd, 2> pipe_;
  std::array<Fd, 2> status_;
  Fd listener_;
};

constexpr const char* kAdvice =
    ": this program is a service of Postfix, to be started by master(8)";

TEST_F(InheritedTest, IsAdopted) {
  EXPECT_EQ(in_child({pipe_[0].get(), pipe_[1].get(), status_[1].get(), listener_.get()}, look),
            "good");
}

TEST_F(InheritedTest, MayLackTheFlowPipe) {
  EXPECT_EQ(in_child({-1, status_[0].get(), status_[1].get(), listener_.get()},
                     [] {
                       auto inherited = adopt_inherited(1);
                       if (!inherited) return inherited.error().text;
                       return std::string{inherited->flow_read || inherited->flow_write ? "taken"
                                                                                        : "left"};
                     }),
            "left");
}

TEST_F(InheritedTest, IsRefusedWithoutAStatusChannel) {
  const std::string text = std::string{"descriptor 5 is not master's status channel"} + kAdvice;
  const Fd datagrams = bound_socket(scratch_.path("datagrams"), SOCK_DGRAM);
  for (const int wrong : {-1, pipe_[1].get(), datagrams.get(), listener_.get()})
    EXPECT_EQ(in_child({pipe_[0].get(), pipe_[1].get(), wrong, listener_.get()}, look), text);
}

TEST_F(InheritedTest, IsRefusedWithoutAListeningSocket) {
  const std::string text = std::string{"descriptor 6 is not a listening socket"} + kAdvice;
  for (const int wrong : {-1, pipe_[1].get(), status_[1].get()})
    EXPECT_EQ(in_child({pipe_[0].get(), pipe_[1].get(), status_[1].get(), wrong}, look), text);
}

TEST_F(InheritedTest, IsRefusedWithFewerSocketsThanAnnounced) {
  EXPECT_EQ(in_child({pipe_[0].get(), pipe_[1].get(), status_[1].get(), listener_.get()},
                     [] {
                       ::close(7);
                       auto inherited = adopt_inherited(2);
                       return inherited ? std::string{"taken"} : inherited.error().text;
                     }),
            std::string{"descriptor 7 is not a listening socket"} + kAdvice);
}

TEST(Generation, IsOctal) {
  EXPECT_EQ(*parse_generation(std::nullopt), 0U);
  EXPECT_EQ(*parse_generation("0"), 0U);
  EXPECT_EQ(*parse_generation("10"), 8U);
  // Text from the first non-octal digit on is ignored, and a number that is too large is truncated.
  EXPECT_EQ(*parse_generation("19"), 1U);
  EXPECT_EQ(*parse_generation("777777777777777"), 0xffffffffU);
}

TEST(Generation, IsRefusedWhenItIsNoNumber) {
  EXPECT_EQ(parse_generation("x").error().text, "bad generation: x");
  EXPECT_EQ(parse_generation("").error().text, "bad generation: ");
  EXPECT_EQ(parse_generation("-1").error().text, "bad generation: -1");
}

class MasterChannelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    master_.reset(ends[0]);
    child_.reset(ends[1]);
  }

  Fd master_;
  Fd child_;
  RecordingLog log_;
};

TEST_F(MasterChannelTest, TellsOnceThatARequestWasServed) {
  MasterChannel channel{std::move(child_), 0x1234, 8};
  EXPECT_TRUE(arrived(master_.get()).empty());
  channel.note_request(log_);
  channel.note_request(log_);
  const std::array<std::uint32_t, 6> expected = {0x1234, 8, 0, 0x1234, 8, 1};
  const auto messages = arrived(master_.get());
  ASSERT_EQ(messages.size(), 1U);
  ASSERT_EQ(messages[0].size(), sizeof(expected));
  EXPECT_EQ(std::memcmp(messages[0].data(), expected.data(), sizeof(expected)), 0);
  channel.note_request(log_);
  EXPECT_TRUE(arrived(master_.get()).empty());
  EXPECT_TRUE(log_.take().empty());
}

TEST_F(MasterChannelTest, TellsTheLogWhereDetailsAreWanted) {
  MasterChannel channel{std::move(child_), 7, 8};
  log_.set_verbose(true);
  channel.note_request(log_);
  EXPECT_EQ(log_.take(), (Lines{"master_notify: status 0", "master_notify: status 1"}));
}

TEST_F(MasterChannelTest, TriesAgainWhenMasterDoesNotRead) {
  const std::string filler(4096, 'x');
  while (::send(child_.get(), filler.data(), filler.size(), MSG_DONTWAIT) > 0) {
  }
  MasterChannel channel{std::move(child_), 7, 8};
  channel.note_request(log_);
  arrived(master_.get());
  channel.note_request(log_);
  const auto messages = arrived(master_.get());
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].size(), 24U);
}

TEST_F(MasterChannelTest, SurvivesAMasterThatIsGone) {
  MasterChannel channel{std::move(child_), 7, 8};
  master_.reset();
  log_.set_verbose(true);
  channel.note_request(log_);
  channel.note_request(log_);
  EXPECT_EQ(log_.take(), Lines{"master_notify: status 0: Broken pipe"});
}

}  // namespace
}  // namespace scache::postfix
