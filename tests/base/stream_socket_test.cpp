#include "base/stream_socket.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "support/descriptors.hpp"
#include "support/listening.hpp"

namespace scache {
namespace {

using namespace test;

TEST(StreamSocket, ListensOrDoesNot) {
  const Listening listening;
  EXPECT_TRUE(is_stream_socket(listening.descriptor(), true));
  EXPECT_FALSE(is_stream_socket(listening.descriptor(), false));
  const Ends pair = socket_pair();
  EXPECT_TRUE(is_stream_socket(pair.first.get(), false));
  EXPECT_FALSE(is_stream_socket(pair.first.get(), true));
}

TEST(StreamSocket, IsNeitherDatagramsNorAPipe) {
  const Ends datagrams = socket_pair(SOCK_DGRAM);
  const Ends pipe = pipe_pair();
  for (const bool listening : {true, false}) {
    EXPECT_FALSE(is_stream_socket(datagrams.first.get(), listening));
    EXPECT_FALSE(is_stream_socket(pipe.first.get(), listening));
    EXPECT_FALSE(is_stream_socket(-1, listening));
  }
}

TEST(StreamSocket, HasAFamily) {
  const Ends pair = socket_pair();
  const Ends tcp = tcp_pair();
  const Ends pipe = pipe_pair();
  EXPECT_EQ(socket_family(pair.first.get()), AF_UNIX);
  EXPECT_EQ(socket_family(tcp.first.get()), AF_INET);
  EXPECT_LT(socket_family(pipe.first.get()), 0);
}

TEST(StreamSocket, IsAdopted) {
  Ends pair = socket_pair();
  const int first = pair.first.release();
  ::fcntl(first, F_SETFD, 0);
  const Fd plain = adopt_inherited_fd(first);
  EXPECT_TRUE(is_close_on_exec(plain.get()));
  EXPECT_EQ(::fcntl(plain.get(), F_GETFL) & O_NONBLOCK, 0);
  const int second = pair.second.release();
  ::fcntl(second, F_SETFD, 0);
  const Fd listening = adopt_listening(second);
  EXPECT_TRUE(is_close_on_exec(listening.get()));
  EXPECT_NE(::fcntl(listening.get(), F_GETFL) & O_NONBLOCK, 0);
}

}  // namespace
}  // namespace scache
