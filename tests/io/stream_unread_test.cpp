// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "io/stream.hpp"
#include "support/client.hpp"
#include "support/descriptors.hpp"

// Descriptors that were sent to a client and that it has not read.

namespace scache::io {
namespace {

using namespace test;

class StreamUnreadTest : public DescriptorCensus {
 protected:
  bool send(std::size_t size) {
    return stream.send_descriptor(pipe.first.get(), std::string(size, 'x')).moved();
  }
  unsigned send_all(std::size_t size) {
    unsigned count = 0;
    while (send(size)) ++count;
    return count;
  }

  Loop loop;
  Closer closer;
  Ends pipe = pipe_pair();
  Ends ends = socket_pair();
  SocketClient client{std::move(ends.second)};
  Stream stream{loop, closer, std::move(ends.first)};
};

TEST_F(StreamUnreadTest, TheKernelBoundsThemWhateverTheClientDoes) {
  for (const std::size_t size : std::initializer_list<std::size_t>{1, 190, 700, 2'000, 9'000}) {
    EXPECT_LE(send_all(size), Stream::kMaxUnreadDescriptors) << size;
    client.read();
    client.descriptors().clear();
    EXPECT_TRUE(send(size)) << size;
    client.read();
    client.descriptors().clear();
    stream.output().clear();
  }
}

TEST_F(StreamUnreadTest, AClientThatReadsOneHandIsServedWithTheOther) {
  const unsigned most = send_all(100);
  EXPECT_GT(most, 1u);
  for (unsigned i = 0; i < 10 * most; ++i) {
    ASSERT_EQ(receive_with(client.descriptor()).descriptors.size(), 1u);
    ASSERT_TRUE(send(100)) << i;
  }
}

}  // namespace
}  // namespace scache::io
