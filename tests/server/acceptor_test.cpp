// SPDX-License-Identifier: Apache-2.0
#include "server/acceptor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "server/server_fixture.hpp"
#include "wire/direct_handshake.hpp"

namespace scache::server {
namespace {

using namespace std::chrono_literals;
using namespace test;
using direct::ErrorCode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AcceptorTest : public ServerFixture {
 protected:
  static std::string denial(ErrorCode code, std::string_view reason) {
    std::string bytes;
    direct::put_denial(bytes, {code, reason});
    return bytes;
  }

  const std::string user = "user " + std::to_string(::getuid());
};

TEST_F(AcceptorTest, ClientsThatCameBeforeItsStartAreServed) {
  SocketClient client = connect();
  start();
  settle();
  EXPECT_EQ(client.read(), kGreeting);
}

TEST_F(AcceptorTest, ManyClientsAtOnceAreAllAccepted) {
  settings.clients = 100;
  start();
  std::vector<SocketClient> clients;
  for (int i = 0; i < 90; ++i) clients.push_back(connect());
  settle();
  for (SocketClient& client : clients) EXPECT_EQ(client.read(), kGreeting);
  EXPECT_EQ(server->clients(), 90u);
}

TEST_F(AcceptorTest, AcceptsSoManyInOneTurnAndNoMore) {
  settings.clients = 100;
  start();
  std::vector<SocketClient> clients;
  for (unsigned i = 0; i < 2 * Acceptor::kAcceptsOfTurn; ++i) clients.push_back(connect());
  turn();
  EXPECT_EQ(server->clients(), Acceptor::kAcceptsOfTurn);
  turn();
  EXPECT_EQ(server->clients(), 2 * Acceptor::kAcceptsOfTurn);
}

TEST_F(AcceptorTest, OneMoreOfAUserClosesOneOfThatUser) {
  policy.access.emplace(::getuid());
  policy.clients_of_user = 2;
  start();
  SocketClient first = idle_client();
  SocketClient second = idle_client();
  EXPECT_FALSE(first.sees_end());
  SocketClient third = idle_client();
  EXPECT_TRUE(first.sees_end());
  EXPECT_FALSE(second.sees_end());
  EXPECT_EQ(server->clients(), 2u);
  policy.clients_of_user = 3;
  SocketClient fourth = idle_client();
  EXPECT_FALSE(second.sees_end());
  EXPECT_EQ(server->clients(), 3u);
}

TEST_F(AcceptorTest, AUserWhoseClientsAreAllWithinARequestGetsNoMore) {
  policy.access.emplace(::getuid());
  policy.clients_of_user = 2;
  start();
  SocketClient first = busy_client();
  SocketClient second = busy_client();
  SocketClient third = connect_and_settle();
  EXPECT_EQ(third.read(), denial(ErrorCode::busy, user + " has too many clients"));
  EXPECT_TRUE(third.sees_end());
  EXPECT_THAT(log.take(),
              ElementsAre("warning: client refused: " + user + " has too many clients"));
  first.leave();
  settle();
  SocketClient fourth = idle_client();
  EXPECT_FALSE(fourth.sees_end());
}

TEST_F(AcceptorTest, WhoHasAccessIsServed) {
  policy.access.emplace(::getuid());
  start();
  SocketClient client = idle_client();
  EXPECT_EQ(ask(client, find_endp("e")), kNoEndpoint);
}

TEST_F(AcceptorTest, WhoHasNoneIsClosedAtOnceAndALineTells) {
  // Root has access, so another user must connect.
  if (::geteuid() == 0) GTEST_SKIP() << "root always has access: tests/e2e tries another user";
  policy.access.emplace(::getuid() + 1);
  start();
  SocketClient one = connect_and_settle();
  SocketClient two = connect_and_settle();
  for (SocketClient* client : {&one, &two}) {
    EXPECT_EQ(client->read(), denial(ErrorCode::denied, user + " has no access"));
    EXPECT_TRUE(client->sees_end());
  }
  EXPECT_EQ(server->clients(), 0u);
  const std::string line = "warning: client refused: " + user + " has no access";
  EXPECT_THAT(log.take(), ElementsAre(line)) << "one in a minute";
}

TEST_F(AcceptorTest, AClientWhoIsNobodyKnowsIsRefusedWhereAccessIsAsked) {
  // A socket of another family has no credentials.
  const Fd tcp{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(tcp.get(), generic, size), 0);
  ASSERT_EQ(::listen(tcp.get(), 10), 0);
  ASSERT_EQ(::getsockname(tcp.get(), generic, &size), 0);
  const auto connect_tcp = [&] {
    Fd client{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    EXPECT_EQ(::connect(client.get(), generic, size), 0);
    return SocketClient{std::move(client)};
  };
  policy.access.emplace(::getuid());
  server.emplace(loop, closer, service, log, settings);
  server->accept_from(tcp.get(), policy);
  SocketClient one = connect_tcp();
  SocketClient two = connect_tcp();
  settle();
  for (SocketClient* client : {&one, &two}) {
    EXPECT_EQ(client->read(), denial(ErrorCode::denied, "user -1 has no access"));
    EXPECT_TRUE(client->sees_end());
  }
  const std::string line = "warning: client refused: user -1 has no access";
  EXPECT_THAT(log.take(), ElementsAre(line)) << "one in a minute";
}

TEST_F(AcceptorTest, WithoutADescriptorItPausesAndResumes) {
  start();
  SocketClient known = idle_client();
  SocketClient waiting = connect();
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  std::vector<Fd> fillers;
  rlimit lower = before;
  lower.rlim_cur = open_descriptors() + 50;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &lower), 0);
  for (;;) {
    Fd filler{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    if (!filler) break;
    fillers.push_back(std::move(filler));
  }
  settle();
  EXPECT_THAT(log.take(), ElementsAre("warning: accept connection: Too many open files"));
  EXPECT_EQ(ask(known, find_endp("e")), kNoEndpoint);
  for (int i = 0; i < 10; ++i) pass(Acceptor::kAcceptPause);
  EXPECT_THAT(log.take(), IsEmpty());
  fillers.clear();
  ::setrlimit(RLIMIT_NOFILE, &before);
  settle();
  EXPECT_EQ(waiting.read(), "");
  pass(Acceptor::kAcceptPause);
  EXPECT_EQ(waiting.read(), kGreeting);
  EXPECT_EQ(ask(known, find_endp("e")), kNoEndpoint);
}

TEST_F(AcceptorTest, WhatCannotBeWatchedIsToldOnceAndTriedAgain) {
  server.emplace(loop, closer, service, log, settings);
  server->accept_from(1'000'000, policy);
  settle();
  EXPECT_EQ(log.take().size(), 1u);
  for (int i = 0; i < 10; ++i) pass(Acceptor::kAcceptPause);
  EXPECT_THAT(log.take(), IsEmpty());
}

}  // namespace
}  // namespace scache::server
