// SPDX-License-Identifier: Apache-2.0
#include "server/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/server_fixture.hpp"
#include "support/client.hpp"
#include "support/messages.hpp"

namespace scache::server {
namespace {

using namespace std::chrono_literals;
using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ServerTest : public ServerFixture {
 protected:
  // A client that sends so many unknown requests.
  void send_nonsense(unsigned requests) {
    SocketClient client = idle_client();
    for (unsigned i = 0; i < requests; ++i) {
      ASSERT_TRUE(client.send(strings({"request", "frob", ""})));
      settle();
      EXPECT_FALSE(client.read().empty());
    }
  }
  void save(SocketClient& client, std::string_view endpoint, const Fd& fd, std::string_view ttl) {
    EXPECT_EQ(ask(client, save_endp(endpoint, "p", ttl)), kDummy);
    EXPECT_EQ(ask(client, kByte, {fd.get()}), kSaved);
  }

  int finishes = 0;
};

TEST_F(ServerTest, GreetsAndServesWhoeverComes) {
  start();
  SocketClient one = idle_client();
  SocketClient two = idle_client();
  EXPECT_EQ(server->clients(), 2u);
  EXPECT_EQ(ask(one, find_endp("e")), kNoEndpoint);
  EXPECT_EQ(ask(two, find_dest("d")), kNoDestination);
}

TEST_F(ServerTest, ServesThoseWhoComeToItsOtherSockets) {
  const Listening other;
  start();
  server->accept_from(other.descriptor(), policy);
  SocketClient one{listening.connect()};
  SocketClient two{other.connect()};
  settle();
  EXPECT_EQ(one.read(), kGreeting);
  EXPECT_EQ(two.read(), kGreeting);
  server->stop_accepting();
  const Fd late = other.connect();
  settle();
  EXPECT_EQ(server->clients(), 2u);
}

TEST_F(ServerTest, ServesAClientThatIsConnectedAlready) {
  start();
  Ends ends = socket_pair();
  SocketClient client{std::move(ends.second)};
  server->adopt(std::move(ends.first), policy);
  settle();
  EXPECT_EQ(client.read(), kGreeting);
  EXPECT_EQ(ask(client, find_endp("e")), kNoEndpoint);
}

TEST_F(ServerTest, ClientsThatGoAreForgottenAndTheirDescriptorsClosed) {
  start();
  const std::size_t before = open_descriptors();
  {
    SocketClient one = idle_client();
    SocketClient two = busy_client();
  }
  settle();
  EXPECT_EQ(server->clients(), 0u);
  EXPECT_TRUE(comes_true([&] { return open_descriptors() == before; }));
}

TEST_F(ServerTest, AClientThatGoesBeforeItIsGreetedIsNoTrouble) {
  start();
  {
    SocketClient gone = connect();
  }
  settle();
  EXPECT_EQ(server->clients(), 0u);
  EXPECT_THAT(log.take(), IsEmpty());
}

TEST_F(ServerTest, EndsItsSessionsWithItself) {
  start();
  SocketClient idle = idle_client();
  SocketClient busy = busy_client();
  const Ends tcp = tcp_pair();
  SocketClient taker = idle_client();
  save(taker, "e", tcp.first, "100");
  EXPECT_EQ(ask(taker, find_endp("e")), endpoint_hit("p"));
  server.reset();
  EXPECT_TRUE(idle.sees_end());
  EXPECT_TRUE(busy.sees_end());
  EXPECT_TRUE(taker.sees_end());
  EXPECT_EQ(service.cache().connections(), 1u);
}

// The limit of clients.

TEST_F(ServerTest, UpToItsLimitNobodyIsClosed) {
  start();
  std::vector<SocketClient> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(idle_client());
  for (SocketClient& client : clients) EXPECT_FALSE(client.sees_end());
}

TEST_F(ServerTest, OneMoreClosesTheOneThatHasBeenIdleLongest) {
  start();
  SocketClient first = idle_client();
  SocketClient second = idle_client();
  SocketClient third = idle_client();
  SocketClient fourth = idle_client();
  // Idle again, after the others.
  EXPECT_EQ(ask(first, find_endp("e")), kNoEndpoint);
  SocketClient fifth = idle_client();
  EXPECT_TRUE(second.sees_end());
  SocketClient sixth = idle_client();
  EXPECT_TRUE(third.sees_end());
  for (SocketClient* client : {&first, &fourth, &fifth, &sixth}) {
    EXPECT_FALSE(client->sees_end());
    EXPECT_EQ(ask(*client, find_endp("e")), kNoEndpoint);
  }
  EXPECT_EQ(server->clients(), 4u);
}

TEST_F(ServerTest, NobodyIsClosedForAClientThatDoesNotCome) {
  start();
  std::vector<SocketClient> clients;
  for (int i = 0; i < 6; ++i) clients.push_back(idle_client());
  settle();
  EXPECT_EQ(server->clients(), 4u);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(clients[i].sees_end(), i < 2);
}

TEST_F(ServerTest, ThoseWithinARequestAreNotClosed) {
  start();
  std::vector<SocketClient> busy;
  for (int i = 0; i < 2; ++i) busy.push_back(busy_client());
  SocketClient idle = idle_client();
  SocketClient fourth = idle_client();
  SocketClient fifth = idle_client();
  EXPECT_TRUE(idle.sees_end());
  for (SocketClient& client : busy) EXPECT_FALSE(client.sees_end());
  EXPECT_EQ(ask(busy[0], find_endp("e").substr(7)), kNoEndpoint);
}

TEST_F(ServerTest, WithNobodyIdleNewClientsWaitUntilThereIsRoom) {
  start();
  std::vector<SocketClient> busy;
  for (int i = 0; i < 4; ++i) busy.push_back(busy_client());
  SocketClient waiting = connect_and_settle();
  EXPECT_EQ(waiting.read(), "");
  pass(Acceptor::kAcceptPause);
  EXPECT_EQ(waiting.read(), "");
  busy.pop_back();
  settle();
  pass(Acceptor::kAcceptPause);
  EXPECT_EQ(waiting.read(), kGreeting);
  EXPECT_EQ(server->clients(), 4u);
}

TEST_F(ServerTest, WithNobodyIdleItDoesNotSpin) {
  start();
  std::vector<SocketClient> busy;
  for (int i = 0; i < 4; ++i) busy.push_back(busy_client());
  SocketClient waiting = connect_and_settle();
  // Without this timer the next turn would wait for the end of the pause.
  bool due = false;
  Timer timer{loop, [&] { due = true; }};
  timer.set(clock.now());
  loop.turn(Loop::Wait::block);
  EXPECT_TRUE(due);
  EXPECT_EQ(server->clients(), 4u);
}

TEST_F(ServerTest, AClientThatDoesNotReadItsRepliesIsNotIdle) {
  settings.clients = 2;
  start();
  SocketClient flooding = idle_client();
  std::string requests;
  while (requests.size() < 100'000) requests += find_endp("x");
  while (flooding.send(requests)) settle();
  settle();
  SocketClient idle = idle_client();
  SocketClient third = idle_client();
  EXPECT_TRUE(idle.sees_end());
  EXPECT_EQ(server->clients(), 2u);
}

// Unfinished requests.

TEST_F(ServerTest, WhoDoesNotFinishARequestGoesBeforeThoseWhoAreIdle) {
  start();
  SocketClient idle = idle_client();
  SocketClient first = busy_client();
  pass(1ms);
  SocketClient second = busy_client();
  SocketClient other = idle_client();
  pass(Clients::kPatience - 1ms);
  SocketClient fifth = idle_client();
  EXPECT_TRUE(first.sees_end());
  for (SocketClient* client : {&idle, &second, &other, &fifth}) EXPECT_FALSE(client->sees_end());
  pass(1ms);
  SocketClient sixth = idle_client();
  EXPECT_TRUE(second.sees_end());
  EXPECT_FALSE(idle.sees_end());
}

TEST_F(ServerTest, WhereMostAreWithinARequestTheOneThatIsIdleStays) {
  start();
  SocketClient idle = idle_client();
  std::vector<SocketClient> busy;
  for (int i = 0; i < 3; ++i) busy.push_back(busy_client());
  SocketClient waiting = connect_and_settle();
  EXPECT_EQ(waiting.read(), "");
  pass(Clients::kPatience);
  EXPECT_EQ(waiting.read(), kGreeting);
  EXPECT_FALSE(idle.sees_end());
  EXPECT_TRUE(busy[0].sees_end());
  EXPECT_EQ(ask(idle, find_endp("e")), kNoEndpoint);
}

TEST_F(ServerTest, WhoReadsNoRepliesIsNotWaitedForEither) {
  settings.clients = 2;
  start();
  SocketClient flooding = idle_client();
  std::string requests;
  while (requests.size() < 100'000) requests += find_endp("x");
  while (flooding.send(requests)) settle();
  SocketClient idle = idle_client();
  pass(Clients::kPatience);
  SocketClient third = idle_client();
  EXPECT_FALSE(idle.sees_end());
  EXPECT_FALSE(third.sees_end());
  EXPECT_EQ(server->clients(), 2u);
}

TEST_F(ServerTest, WhoHasJustBegunToSpeakIsServed) {
  start();
  SocketClient first = idle_client();
  SocketClient second = idle_client();
  SocketClient third = idle_client();
  SocketClient fourth = idle_client();
  // Both events are in one turn, and the new client comes first.
  EXPECT_TRUE(first.send(find_endp("e")));
  SocketClient fifth = connect();
  settle();
  EXPECT_EQ(first.read(), kNoEndpoint);
  EXPECT_FALSE(first.sees_end());
  EXPECT_TRUE(second.sees_end());
  EXPECT_EQ(fifth.read(), kGreeting);
}

TEST_F(ServerTest, WhereAllHaveBegunToSpeakOneMoreIsServedBesideThem) {
  start();
  std::vector<SocketClient> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(idle_client());
  for (SocketClient& client : clients) EXPECT_TRUE(client.send(find_endp("e")));
  SocketClient fifth = connect();
  settle();
  EXPECT_EQ(fifth.read(), kGreeting);
  for (SocketClient& client : clients) EXPECT_EQ(client.read(), kNoEndpoint);
  // One client was closed after its reply.
  EXPECT_EQ(server->clients(), 4u);
  EXPECT_TRUE(clients[0].sees_end());
}

// Shutdown.

TEST_F(ServerTest, WithoutClientsItIsFinishedAtOnce) {
  start();
  server->finish([this] { ++finishes; });
  EXPECT_EQ(finishes, 1);
  settle();
  EXPECT_EQ(finishes, 1);
}

TEST_F(ServerTest, FinishingItClosesThoseWhoAreIdleAndAcceptsNobody) {
  start();
  SocketClient one = idle_client();
  SocketClient two = idle_client();
  SocketClient late = connect();
  server->finish([this] { ++finishes; });
  settle();
  EXPECT_TRUE(one.sees_end());
  EXPECT_TRUE(two.sees_end());
  EXPECT_EQ(late.read(), "");
  EXPECT_EQ(finishes, 1);
}

TEST_F(ServerTest, FinishingItLetsRequestsUnderWayComeToTheirEnd) {
  start();
  SocketClient busy = idle_client();
  const Ends tcp = tcp_pair();
  EXPECT_EQ(ask(busy, save_endp("e", "p", "100")), kDummy);
  server->finish([this] { ++finishes; });
  settle();
  EXPECT_EQ(finishes, 0);
  EXPECT_EQ(ask(busy, kByte, {tcp.first.get()}), kSaved);
  EXPECT_TRUE(busy.sees_end());
  EXPECT_EQ(finishes, 1);
  EXPECT_EQ(server->clients(), 0u);
}

TEST_F(ServerTest, FinishingItDoesNotWaitForThoseWhoGo) {
  start();
  std::optional<SocketClient> busy = busy_client();
  server->finish([this] { ++finishes; });
  busy.reset();
  settle();
  EXPECT_EQ(finishes, 1);
}

TEST_F(ServerTest, AnotherTimeLimitHoldsForTheNextRequest) {
  start();
  SocketClient client = busy_client();
  policy.time_limit = 2s;
  pass(2s);
  EXPECT_FALSE(client.sees_end());
  EXPECT_EQ(ask(client, find_endp("e").substr(7)), kNoEndpoint);
  EXPECT_TRUE(client.send("request"));
  settle();
  pass(2s - 1ns);
  EXPECT_FALSE(client.sees_end());
  pass(1ns);
  EXPECT_TRUE(client.sees_end());
}

// The log.

TEST_F(ServerTest, WhatIsLeftOutOfTheLogIsToldWhenItsTimeIsOver) {
  start();
  send_nonsense(LogLimit::kMostOfRequests + 123);
  EXPECT_THAT(log.take(), SizeIs(LogLimit::kMostOfRequests));
  pass(LogLimit::kPeriod - 1ns);
  EXPECT_THAT(log.take(), IsEmpty());
  pass(1ns);
  EXPECT_THAT(log.take(), ElementsAre("warning: malformed requests: 123 more lines are left out"));
}

TEST_F(ServerTest, AtItsEndItTellsWhatIsLeftOutOfTheLog) {
  start();
  send_nonsense(LogLimit::kMostOfRequests + 7);
  log.take();
  server.reset();
  EXPECT_THAT(log.take(), ElementsAre("warning: malformed requests: 7 more lines are left out"));
}

// Time.

TEST_F(ServerTest, TheFirstRequestIsToldOnce) {
  start();
  SocketClient one = idle_client();
  SocketClient two = idle_client();
  EXPECT_EQ(first_requests, 0);
  ask(one, find_endp("e"));
  EXPECT_EQ(first_requests, 1);
  ask(two, find_endp("e"));
  ask(one, find_endp("e"));
  EXPECT_EQ(first_requests, 1);
}

TEST_F(ServerTest, ClientsWhoOnlyComeAndGoAreNoRequest) {
  start();
  {
    SocketClient client = idle_client();
  }
  settle();
  EXPECT_EQ(first_requests, 0);
}

TEST_F(ServerTest, WithoutClientsItsTimeEnds) {
  settings.max_idle = 100s;
  start();
  pass(100s - 1ns);
  EXPECT_EQ(idle_exits, 0);
  pass(1ns);
  EXPECT_EQ(idle_exits, 1);
}

TEST_F(ServerTest, ItsIdleTimeBeginsWhenTheLastClientGoes) {
  settings.max_idle = 100s;
  start();
  std::optional<SocketClient> one = idle_client();
  std::optional<SocketClient> two = idle_client();
  pass(1'000s);
  one.reset();
  settle();
  pass(1'000s);
  EXPECT_EQ(idle_exits, 0);
  two.reset();
  settle();
  pass(100s - 1ns);
  EXPECT_EQ(idle_exits, 0);
  pass(1ns);
  EXPECT_EQ(idle_exits, 1);
}

TEST_F(ServerTest, AClientThatComesInTimeEndsTheIdleTime) {
  settings.max_idle = 100s;
  start();
  pass(99s);
  SocketClient client = idle_client();
  pass(1'000s);
  EXPECT_EQ(idle_exits, 0);
}

TEST_F(ServerTest, AClientThatComesInTheLastTurnIsServed) {
  settings.max_idle = 100s;
  start();
  clock.advance(100s);
  SocketClient client = connect_and_settle();
  EXPECT_EQ(idle_exits, 0);
  EXPECT_EQ(client.read(), kGreeting);
}

TEST_F(ServerTest, WithoutALimitItWaitsForEver) {
  start();
  pass(24h * 365);
  EXPECT_EQ(idle_exits, 0);
}

TEST_F(ServerTest, WhatExpiresIsClosedAtItsDeadline) {
  start();
  SocketClient client = idle_client();
  Ends tcp = tcp_pair();
  save(client, "e", tcp.first, "5");
  tcp.first.reset();
  pass(5s - 1ns);
  EXPECT_FALSE(is_left_alone(tcp.second));
  pass(1ns);
  EXPECT_TRUE(comes_alone(tcp.second));
  EXPECT_EQ(service.cache().connections(), 0u);
}

TEST_F(ServerTest, AnEarlierDeadlineIsHeeded) {
  start();
  SocketClient client = idle_client();
  Ends late = tcp_pair();
  Ends early = tcp_pair();
  save(client, "late", late.first, "50");
  save(client, "early", early.first, "5");
  late.first.reset();
  early.first.reset();
  pass(5s);
  EXPECT_TRUE(comes_alone(early.second));
  EXPECT_FALSE(is_left_alone(late.second));
  pass(45s);
  EXPECT_TRUE(comes_alone(late.second));
}

TEST_F(ServerTest, ManyExpireInSlicesAndOthersAreServedInBetween) {
  start();
  SocketClient client = idle_client();
  const Ends tcp = tcp_pair();
  for (std::size_t i = 0; i < 3 * Expiry::kExpiriesOfTurn; ++i) {
    save(client, "e" + std::to_string(i), tcp.first, "5");
  }
  clock.advance(5s);
  ASSERT_TRUE(client.send(find_endp("e0")));
  turn();
  EXPECT_EQ(client.read(), kNoEndpoint);
  EXPECT_GE(service.cache().connections(), Expiry::kExpiriesOfTurn);
  // A turn that blocks here would block for ever.
  loop.turn(Loop::Wait::block);
  loop.turn(Loop::Wait::block);
  loop.turn(Loop::Wait::poll);
  EXPECT_EQ(service.cache().connections(), 0u);
}

TEST_F(ServerTest, AConnectionThatComesBackLateExpires) {
  start();
  SocketClient client = idle_client();
  Ends tcp = tcp_pair();
  save(client, "e", tcp.first, "5");
  tcp.first.reset();
  EXPECT_EQ(ask(client, find_endp("e")), endpoint_hit("p"));
  pass(6s);
  EXPECT_FALSE(is_left_alone(tcp.second));
  client.leave();
  settle();
  EXPECT_TRUE(comes_alone(tcp.second));
}

}  // namespace
}  // namespace scache::server
