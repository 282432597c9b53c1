#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

#include "io/stream.hpp"
#include "support/client.hpp"
#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"

// Descriptors that a client has been sent and has not read.

namespace scache {
namespace {

using namespace std::chrono_literals;
using namespace test;

constexpr unsigned kMost = Stream::kMaxUnreadDescriptors;
constexpr unsigned kHalf = kMost / 2;

class StreamUnreadTest : public DescriptorCensus {
 protected:
  StreamUnreadTest() { stream.emplace(loop, closer, std::move(ends.first)); }

  void turn() { loop.turn(Loop::Wait::poll); }
  void send(unsigned count, std::size_t size = 1) {
    const std::string bytes(size, 'x');
    for (unsigned i = 0; i < count; ++i) {
      ASSERT_TRUE(stream->send_descriptor(pipe.first.get(), bytes).moved());
    }
  }
  void read(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      ASSERT_EQ(receive_with(client.descriptor()).descriptors.size(), 1u);
    }
  }
  void begin_wait() {
    task = wait_until_read();
    task.start();
    turn();
  }
  int send_buffer() const {
    int size = 0;
    socklen_t length = sizeof size;
    EXPECT_EQ(::getsockopt(stream->descriptor(), SOL_SOCKET, SO_SNDBUF, &size, &length), 0);
    return size;
  }

  FakeClock clock;
  Loop loop{clock.reader()};
  Closer closer;
  Ends pipe = pipe_pair();
  Ends ends = socket_pair();
  SocketClient client{std::move(ends.second)};
  std::optional<Stream> stream;
  std::optional<Ready> ready;
  Task<> task;

 private:
  Task<> wait_until_read() {
    ready.reset();
    ready = co_await stream->descriptors_read(clock.now() + 10s);
  }
};

TEST_F(StreamUnreadTest, AClientMayLeaveSomeAndNoMore) {
  send(kMost - 1);
  EXPECT_TRUE(stream->reads_descriptors());
  send(1);
  EXPECT_FALSE(stream->reads_descriptors());
  client.read();
  EXPECT_TRUE(stream->reads_descriptors());
}

TEST_F(StreamUnreadTest, AClientThatReadsMayHaveAnyNumber) {
  for (unsigned i = 0; i < 10 * kMost; ++i) {
    ASSERT_TRUE(stream->reads_descriptors());
    send(1);
    read(1);
  }
}

TEST_F(StreamUnreadTest, AClientThatReadsBehindMayHaveAnyNumberToo) {
  send(kMost - 1);
  for (unsigned i = 0; i < 10 * kMost; ++i) {
    ASSERT_TRUE(stream->reads_descriptors());
    send(1);
    ASSERT_FALSE(stream->reads_descriptors());
    read(1);
  }
}

// What a message takes of the buffer is reckoned, and never too high.
TEST_F(StreamUnreadTest, ThatIsSoForMessagesOfAnySize) {
  for (const std::size_t size : std::initializer_list<std::size_t>{1, 190, 192, 193, 200, 700, 704,
                                                                   1'000, 2'000, 5'000, 9'000}) {
    send(kMost, size);
    EXPECT_FALSE(stream->reads_descriptors()) << size;
    read(kMost);
    EXPECT_TRUE(stream->reads_descriptors()) << size;
  }
  send(1, 5'000);
  send(kMost - 1);
  EXPECT_FALSE(stream->reads_descriptors()) << "the smallest of those that are unread";
}

// Those with names and the properties of TLS.
TEST_F(StreamUnreadTest, LargerMessagesAreNotTakenForMany) {
  send(kMost, 1'000);
  read(kHalf + 1);
  EXPECT_TRUE(stream->reads_descriptors());
  client.read();
  client.descriptors().clear();
  send(kMost, 700);
  begin_wait();
  read(kHalf);
  turn();
  read(1);
  turn();
  EXPECT_TRUE(ready);
}

TEST_F(StreamUnreadTest, TheWaitEndsWhenHalfOfThemAreRead) {
  send(kMost);
  begin_wait();
  for (unsigned left = kMost - 1; left >= kHalf; --left) {
    EXPECT_FALSE(ready) << left + 1;
    read(1);
    turn();
  }
  ASSERT_TRUE(ready);
  EXPECT_EQ(*ready, Ready::yes);
  EXPECT_TRUE(stream->reads_descriptors());
  send(kHalf - 1);
  EXPECT_TRUE(stream->reads_descriptors());
  send(1);
  EXPECT_FALSE(stream->reads_descriptors()) << "half of them are still counted";
}

TEST_F(StreamUnreadTest, TheWaitEndsAtItsDeadline) {
  send(kMost);
  begin_wait();
  clock.advance(10s);
  turn();
  ASSERT_TRUE(ready);
  EXPECT_EQ(*ready, Ready::timed_out);
  EXPECT_FALSE(stream->reads_descriptors());
}

TEST_F(StreamUnreadTest, TheWaitEndsWhenTheClientLeaves) {
  send(kMost);
  begin_wait();
  client.leave();
  turn();
  EXPECT_TRUE(ready);
}

TEST_F(StreamUnreadTest, TheSocketHasItsWholeBufferAgainAfterTheWait) {
  const int before = send_buffer();
  send(kMost);
  begin_wait();
  EXPECT_LT(send_buffer(), before);
  client.read();
  turn();
  EXPECT_TRUE(ready);
  EXPECT_EQ(send_buffer(), before);
  send(kMost);
  begin_wait();
  task = {};
  EXPECT_EQ(send_buffer(), before) << "also where the wait is ended";
}

}  // namespace
}  // namespace scache
