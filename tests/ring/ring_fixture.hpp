#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ring/ring.hpp"
#include "support/descriptors.hpp"
#include "support/letter.hpp"

namespace scache::test {

// What becomes of the next calls of liburing (ring_test.cpp stands before them): an errno, or zero
// for the kernel's own answer.
struct RingCalls {
  int setup_error = 0;
  int submit_error = 0;
  bool knows_nothing = false;
  // Of what a call submits, so many at the end stay where they are.
  unsigned refused = 0;
  unsigned submits = 0;
};
inline RingCalls calls;

class RingTest : public DescriptorCensus {
 protected:
  void SetUp() override {
    ring = Ring::make(epoll.get(), {});
    if (!ring) GTEST_SKIP() << "this kernel's io_uring is not one that is used";
  }
  ~RingTest() override { calls = {}; }

  Letter& write(std::string bytes) {
    Letter& letter = letters.emplace_back(ends.first.get(), std::move(bytes));
    outgoing.push_back(letter);
    return letter;
  }
  // Whom it is watched for is the watched Fd itself.
  std::uint32_t watch(const Fd& fd, std::uint32_t events = EPOLLIN) {
    const auto number = ring->watch(fd.get(), events, whom(fd));
    EXPECT_TRUE(number);
    return number.value_or(0);
  }
  // Those that have an event.
  std::vector<void*> carry(int milliseconds = 0) {
    const auto events = ring->carry(outgoing, milliseconds);
    is_fine = events.has_value();
    std::vector<void*> all;
    if (events) {
      for (const epoll_event& event : *events) all.push_back(event.data.ptr);
    }
    return all;
  }
  std::vector<void*> watched() const {
    std::vector<void*> all;
    ring->for_all_watched([&](void* each) { all.push_back(each); });
    return all;
  }
  std::string received() {
    std::string bytes(1 << 20, '\0');
    const ssize_t size = ::recv(ends.second.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    bytes.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return bytes;
  }
  // Leaves no room for output.
  void fill() const {
    const std::string chunk(4'096, 'x');
    while (::send(ends.first.get(), chunk.data(), chunk.size(), MSG_DONTWAIT) > 0) {
    }
  }
  static void* whom(const Fd& fd) { return const_cast<Fd*>(&fd); }
  static Fd duplicate(const Fd& fd) { return Fd{::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0)}; }
  static void say(const Fd& fd) { ASSERT_EQ(::write(fd.get(), "x", 1), 1); }

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

}  // namespace scache::test
