#include "io/descriptor.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <string>

#include "support/descriptors.hpp"
#include "support/listening.hpp"

namespace scache {
namespace {

using test::Ends;
using test::Listening;

class DescriptorTest : public test::DescriptorCensus {
 protected:
  DescriptorFacts look(const Fd& fd) const { return inspect(fd.get(), address); }

  Listening listening;
  ListeningAddress address{listening.descriptor()};
};

TEST_F(DescriptorTest, ConnectedTcpIsNetwork) {
  const Ends ends = test::tcp_pair();
  EXPECT_EQ(look(ends.first).kind, DescriptorKind::network);
  EXPECT_EQ(look(ends.second).kind, DescriptorKind::network);
  EXPECT_FALSE(look(ends.first).own_client);
}

TEST_F(DescriptorTest, SocketsOfOtherFamiliesAreNetworkConnectedOrNot) {
  const Fd tcp{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const Fd udp{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  const Fd tcp6{::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  EXPECT_EQ(look(tcp).kind, DescriptorKind::network);
  EXPECT_EQ(look(udp).kind, DescriptorKind::network);
  if (tcp6) {
    EXPECT_EQ(look(tcp6).kind, DescriptorKind::network);
  }
}

TEST_F(DescriptorTest, AConnectionWhosePeerHasGoneIsNetworkStill) {
  Ends ends = test::tcp_pair();
  ends.second.reset();
  EXPECT_EQ(look(ends.first).kind, DescriptorKind::network);
}

TEST_F(DescriptorTest, ConnectedLocalStreams) {
  const Ends ends = test::socket_pair();
  EXPECT_EQ(look(ends.first).kind, DescriptorKind::local);
  EXPECT_FALSE(look(ends.first).own_client);
}

TEST_F(DescriptorTest, ConnectedLocalSocketsOfOtherTypes) {
  const Ends datagrams = test::socket_pair(SOCK_DGRAM);
  const Ends packets = test::socket_pair(SOCK_SEQPACKET);
  EXPECT_EQ(look(datagrams.first).kind, DescriptorKind::local);
  EXPECT_EQ(look(packets.first).kind, DescriptorKind::local);
}

TEST_F(DescriptorTest, UnconnectedLocalSocketsMayHoldAnything) {
  const Fd unconnected{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  EXPECT_EQ(look(unconnected).kind, DescriptorKind::other);
  EXPECT_EQ(inspect(listening.descriptor(), address).kind, DescriptorKind::other);
}

TEST_F(DescriptorTest, Pipes) {
  const Ends pipe = test::pipe_pair();
  EXPECT_EQ(look(pipe.first).kind, DescriptorKind::pipe);
  EXPECT_EQ(look(pipe.second).kind, DescriptorKind::pipe);
}

TEST_F(DescriptorTest, FilesAndDevicesAreOther) {
  const Fd file{::memfd_create("file", MFD_CLOEXEC)};
  const Fd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  const Fd directory{::open("/", O_RDONLY | O_CLOEXEC)};
  const Fd event{::eventfd(0, EFD_CLOEXEC)};
  for (const Fd* fd : {&file, &null, &directory, &event}) {
    ASSERT_TRUE(*fd);
    EXPECT_EQ(look(*fd).kind, DescriptorKind::other);
    EXPECT_FALSE(look(*fd).own_client);
  }
}

TEST_F(DescriptorTest, AClientsOwnStreamIsRecognised) {
  const Fd client = listening.connect();
  EXPECT_TRUE(look(client).own_client);
  const Fd copy{::dup(client.get())};
  EXPECT_TRUE(look(copy).own_client);
}

TEST_F(DescriptorTest, AStreamToAnotherServerIsNot) {
  const Listening other;
  const Fd client = other.connect();
  EXPECT_FALSE(look(client).own_client);
  EXPECT_EQ(look(client).kind, DescriptorKind::local);
}

TEST_F(DescriptorTest, TheServersEndOfAStreamIsNot) {
  const Fd client = listening.connect();
  const Fd accepted{::accept4(listening.descriptor(), nullptr, nullptr, SOCK_CLOEXEC)};
  EXPECT_FALSE(look(accepted).own_client);
}

TEST_F(DescriptorTest, ANamesLengthCounts) {
  const Listening longer{listening.path() + "x"};
  const Fd client = longer.connect();
  EXPECT_FALSE(look(client).own_client);
}

TEST_F(DescriptorTest, ASocketWithoutANameHasNoClients) {
  const Ends ends = test::socket_pair();
  const Fd tcp{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const Ends pipe = test::pipe_pair();
  for (const int nameless : {ends.first.get(), tcp.get(), pipe.first.get(), -1}) {
    const ListeningAddress none{nameless};
    EXPECT_FALSE(inspect(ends.second.get(), none).own_client);
    EXPECT_FALSE(inspect(ends.second.get(), ListeningAddress{}).own_client);
  }
}

TEST_F(DescriptorTest, LookingChangesNothing) {
  const Ends ends = test::socket_pair();
  ASSERT_TRUE(test::send_with(ends.second.get(), "x", {}));
  const int flags = ::fcntl(ends.first.get(), F_GETFL);
  look(ends.first);
  EXPECT_EQ(::fcntl(ends.first.get(), F_GETFL), flags);
  EXPECT_EQ(test::receive_with(ends.first.get()).bytes, "x");
}

}  // namespace
}  // namespace scache
