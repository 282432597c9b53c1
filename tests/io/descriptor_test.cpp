// SPDX-License-Identifier: Apache-2.0
#include "io/descriptor.hpp"

#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>

#include "support/descriptors.hpp"
#include "support/listening.hpp"
#include "support/scratch.hpp"

namespace scache::io {
namespace {

using test::Ends;
using test::Listening;

class DescriptorTest : public test::DescriptorCensus {
 protected:
  DescriptorFacts look(const Fd& fd) const { return inspect(fd.get(), {&address, 1}); }
  SocketState state(const Fd& fd) const { return state_of(fd.get(), look(fd).kind); }
  bool is_over(const Fd& fd) const { return state(fd) == SocketState::over; }

  Listening listening;
  ListeningAddress address{listening.descriptor()};
};

TEST_F(DescriptorTest, ConnectedTcpIsNetwork) {
  const Ends ends = test::tcp_pair();
  for (const Fd* end : {&ends.first, &ends.second}) {
    EXPECT_EQ(look(*end).kind, DescriptorKind::network);
    EXPECT_FALSE(look(*end).own_client);
    EXPECT_FALSE(is_over(*end));
  }
}

TEST_F(DescriptorTest, TcpWhoseConnectionIsNotThereIsClosed) {
  for (const int family : {AF_INET, AF_INET6}) {
    const Fd unconnected{::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!unconnected) continue;
    EXPECT_EQ(look(unconnected).kind, DescriptorKind::network);
    EXPECT_TRUE(is_over(unconnected));
  }
  Ends gone = test::tcp_pair();
  gone.second.reset();
  EXPECT_EQ(look(gone.first).kind, DescriptorKind::network);
  EXPECT_TRUE(is_over(gone.first));
  const Ends half = test::tcp_pair();
  ::shutdown(half.second.get(), SHUT_WR);
  EXPECT_TRUE(is_over(half.first));
}

// A listening socket with a full backlog: the next connection attempt gets no answer.
TEST_F(DescriptorTest, TcpThatIsConnectingIsClosed) {
  const Fd waiting{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&place);
  socklen_t size = sizeof place;
  ASSERT_EQ(::bind(waiting.get(), generic, size), 0);
  ASSERT_EQ(::listen(waiting.get(), 0), 0);
  ASSERT_EQ(::getsockname(waiting.get(), generic, &size), 0);
  std::array<Fd, 3> clients;
  for (Fd& client : clients) {
    client = Fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    ::connect(client.get(), generic, size);
  }
  EXPECT_FALSE(is_over(clients.front()));
  EXPECT_TRUE(is_over(clients.back()));
}

TEST_F(DescriptorTest, TcpWithoutRoomForMoreIsOpen) {
  const Ends ends = test::lingering_pair(1);
  EXPECT_FALSE(is_over(ends.first));
}

TEST_F(DescriptorTest, APeerThatHasClosedItsSideIsNoticed) {
  for (const auto make : {+[] { return test::tcp_pair(); }, +[] { return test::socket_pair(); }}) {
    Ends ends = make();
    EXPECT_EQ(state(ends.first), SocketState::quiet);
    ASSERT_TRUE(test::send_with(ends.second.get(), "421 bye\r\n", {}));
    EXPECT_EQ(state(ends.first), SocketState::has_input);
    ends.second.reset();
    EXPECT_TRUE(is_over(ends.first));
  }
}

TEST_F(DescriptorTest, UrgentDataIsInput) {
  const Ends ends = test::tcp_pair();
  ASSERT_EQ(::send(ends.second.get(), "x", 1, MSG_OOB), 1);
  EXPECT_EQ(state(ends.first), SocketState::has_input);
}

TEST_F(DescriptorTest, ConnectedLocalStreams) {
  const Ends ends = test::socket_pair();
  EXPECT_EQ(look(ends.first).kind, DescriptorKind::local);
  EXPECT_FALSE(look(ends.first).own_client);
  EXPECT_FALSE(is_over(ends.first));
}

TEST_F(DescriptorTest, LocalStreamsThatAreShutDownAreClosedOnWhicheverSide) {
  Ends gone = test::socket_pair();
  gone.second.reset();
  EXPECT_EQ(look(gone.first).kind, DescriptorKind::local);
  EXPECT_TRUE(is_over(gone.first));
  const Ends half = test::socket_pair();
  ::shutdown(half.second.get(), SHUT_WR);
  EXPECT_TRUE(is_over(half.first));
  EXPECT_TRUE(is_over(half.second));
}

TEST_F(DescriptorTest, Pipes) {
  const Ends pipe = test::pipe_pair();
  EXPECT_EQ(look(pipe.first).kind, DescriptorKind::pipe);
  EXPECT_EQ(look(pipe.second).kind, DescriptorKind::pipe);
  const test::ScratchDirectory scratch;
  const std::string path = scratch.path("fifo");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const Fd fifo{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
  EXPECT_EQ(look(fifo).kind, DescriptorKind::pipe);
}

TEST_F(DescriptorTest, SocketsThatAreNoConnectedStreamsAreOther) {
  const Ends datagrams = test::socket_pair(SOCK_DGRAM);
  const Ends packets = test::socket_pair(SOCK_SEQPACKET);
  EXPECT_EQ(look(datagrams.first).kind, DescriptorKind::other);
  EXPECT_EQ(look(packets.first).kind, DescriptorKind::other);
  EXPECT_EQ(inspect(listening.descriptor(), {&address, 1}).kind, DescriptorKind::other);
  const Fd tcp{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ASSERT_EQ(::listen(tcp.get(), 1), 0);
  EXPECT_EQ(look(tcp).kind, DescriptorKind::other);
  for (const auto& [family, type, protocol] :
       {std::array<int, 3>{AF_UNIX, SOCK_STREAM, 0}, std::array<int, 3>{AF_INET, SOCK_DGRAM, 0},
        std::array<int, 3>{AF_INET, SOCK_RAW, IPPROTO_TCP},
        // The protocol has the same number as TCP.
        std::array<int, 3>{AF_NETLINK, SOCK_RAW, NETLINK_XFRM},
        std::array<int, 3>{AF_INET6, SOCK_DGRAM, 0}, std::array<int, 3>{AF_NETLINK, SOCK_RAW, 0},
        std::array<int, 3>{AF_PACKET, SOCK_RAW, 0}, std::array<int, 3>{AF_VSOCK, SOCK_STREAM, 0}}) {
    // Some need privileges, or the kernel's support.
    const Fd socket{::socket(family, type | SOCK_CLOEXEC, protocol)};
    if (!socket) continue;
    EXPECT_EQ(look(socket).kind, DescriptorKind::other) << family << " " << type;
  }
}

TEST_F(DescriptorTest, FilesAndDevicesAreOther) {
  const Fd file{::memfd_create("file", MFD_CLOEXEC)};
  const Fd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  const Fd directory{::open("/", O_RDONLY | O_CLOEXEC)};
  const Fd event{::eventfd(0, EFD_CLOEXEC)};
  const Fd epoll{::epoll_create1(EPOLL_CLOEXEC)};
  const Fd terminal{::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)};
  const Fd path{::open("/", O_PATH | O_CLOEXEC)};
  for (const Fd* fd : {&file, &null, &directory, &event, &epoll, &terminal, &path}) {
    if (!*fd) continue;
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

TEST_F(DescriptorTest, AClientOfAnyListeningSocketIsRecognised) {
  const Listening second;
  const std::array addresses{address, ListeningAddress{second.descriptor()}};
  for (const Listening* each : {&std::as_const(listening), &second}) {
    const Fd client = each->connect();
    EXPECT_TRUE(inspect(client.get(), addresses).own_client);
  }
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
    EXPECT_FALSE(inspect(ends.second.get(), {&none, 1}).own_client);
    EXPECT_FALSE(inspect(ends.second.get(), {}).own_client);
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

TEST_F(DescriptorTest, EachSocketHasItsOwnCookieAndItsCopiesHaveTheSame) {
  const Ends tcp = test::tcp_pair();
  const Ends local = test::socket_pair();
  const Ends pipe = test::pipe_pair();
  const std::set<std::uint64_t> cookies{cookie_of(tcp.first.get()), cookie_of(tcp.second.get()),
                                        cookie_of(local.first.get()),
                                        cookie_of(local.second.get())};
  EXPECT_EQ(cookies.size(), 4U);
  EXPECT_FALSE(cookies.contains(0));
  EXPECT_EQ(cookie_of(duplicate(tcp.first.get()).get()), cookie_of(tcp.first.get()));
  EXPECT_EQ(cookie_of(pipe.first.get()), 0U);
}

}  // namespace
}  // namespace scache::io
