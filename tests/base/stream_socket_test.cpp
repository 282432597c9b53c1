// SPDX-License-Identifier: Apache-2.0
#include "base/stream_socket.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

#include "support/descriptors.hpp"
#include "support/listening.hpp"
#include "support/scratch.hpp"

namespace scache::base {
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

// An action of one end of a connection, and whether the first end can still be written to.
struct Shut {
  const char* name;
  bool by_peer;
  int how;
  bool tcp;
  bool local;
  // Whether its own program made it unusable, as far as that can be detected.
  bool mistake;
  bool local_mistake;
};

class OpenForSending : public testing::TestWithParam<Shut> {};

TEST_P(OpenForSending, AsTheKernelSees) {
  const Shut& shut = GetParam();
  for (const bool is_tcp : {true, false}) {
    const Ends pair = is_tcp ? tcp_pair() : socket_pair();
    ASSERT_TRUE(is_open_for_sending(pair.first.get()));
    ::shutdown((shut.by_peer ? pair.second : pair.first).get(), shut.how);
    EXPECT_EQ(is_open_for_sending(pair.first.get()), is_tcp ? shut.tcp : shut.local);
    EXPECT_EQ(is_unusable_by_mistake(pair.first.get()), is_tcp ? shut.mistake : shut.local_mistake);
    // Nothing was sent.
    EXPECT_TRUE(arrived(pair.second.get()).empty());
  }
}

INSTANTIATE_TEST_SUITE_P(
    StreamSocket, OpenForSending,
    testing::Values(Shut{"OwnSending", false, SHUT_WR, false, false, true, true},
                    Shut{"OwnBoth", false, SHUT_RDWR, false, false, true, false},
                    Shut{"OwnReading", false, SHUT_RD, true, true, false, false},
                    Shut{"PeersSending", true, SHUT_WR, true, true, false, false},
                    // TCP does not report a shutdown for reading to the peer.
                    Shut{"PeersReading", true, SHUT_RD, true, false, false, true},
                    Shut{"PeersBoth", true, SHUT_RDWR, true, false, false, false}),
    [](const auto& test) { return std::string{test.param.name}; });

TEST(StreamSocket, IsNotOpenForSendingBeforeItIsConnected) {
  const Fd tcp{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const Fd local{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  EXPECT_FALSE(is_open_for_sending(tcp.get()));
  EXPECT_FALSE(is_open_for_sending(local.get()));
  EXPECT_TRUE(is_unusable_by_mistake(tcp.get()));
  EXPECT_TRUE(is_unusable_by_mistake(local.get()));
}

TEST(StreamSocket, IsNoMistakeWhenItsPeerHasLeft) {
  Ends tcp = tcp_pair();
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ASSERT_EQ(::setsockopt(tcp.second.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
  tcp.second.reset();
  EXPECT_FALSE(is_open_for_sending(tcp.first.get()));
  EXPECT_FALSE(is_unusable_by_mistake(tcp.first.get()));
  Ends local = socket_pair();
  local.second.reset();
  EXPECT_FALSE(is_open_for_sending(local.first.get()));
  EXPECT_FALSE(is_unusable_by_mistake(local.first.get()));
}

TEST(StreamSocket, IsOpenForSendingWhereItIsNone) {
  const Ends datagrams = socket_pair(SOCK_DGRAM);
  const Ends packets = socket_pair(SOCK_SEQPACKET);
  const Ends pipe = pipe_pair();
  for (const Ends* ends : {&datagrams, &packets, &pipe}) {
    EXPECT_TRUE(is_open_for_sending(ends->second.get()));
    EXPECT_FALSE(is_unusable_by_mistake(ends->second.get()));
    EXPECT_TRUE(arrived(ends->first.get()).empty());
  }
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
}  // namespace scache::base
