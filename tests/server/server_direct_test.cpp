// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <string>
#include <utility>

#include "server/drops.hpp"
#include "server/server_fixture.hpp"
#include "support/client.hpp"
#include "support/direct_messages.hpp"
#include "wire/direct_frame.hpp"
#include "wire/direct_handshake.hpp"

// When clients of the direct protocol are idle, and when they are closed.

namespace scache::server {
namespace {

using namespace std::chrono_literals;
using namespace test;
using direct::Kind;
using direct::Tag;

class ServerDirectTest : public ServerFixture {
 protected:
  ServerDirectTest() {
    settings.clients = 2;
    start();
  }
  // A client of the direct protocol that has read all replies.
  SocketClient direct_client() {
    SocketClient client{listening.connect()};
    std::string wish;
    direct::put_wish(wish);
    client.send(wish);
    // Does not wait until the loop is idle: a drop may be pending.
    for (int i = 0; i < kTurnsOfGreeting; ++i) turn();
    EXPECT_NE(client.read(), "");
    return client;
  }
  static std::string ping() {
    std::string bytes;
    direct::FrameWriter{bytes, Kind::ping, 1}.end();
    return bytes;
  }
  static std::string drop_all() {
    std::string bytes;
    direct::FrameWriter{bytes, Kind::drop, 2}.put(Tag::prefix, "").end();
    return bytes;
  }
  // A client with a small buffer whose requests were served, and whose replies do not fit into the
  // buffer.
  SocketClient client_with_much_to_read() {
    Ends ends = socket_pair();
    const int smallest = 0;
    ::setsockopt(ends.first.get(), SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest);
    server->adopt(std::move(ends.first), policy);
    SocketClient client{std::move(ends.second)};
    std::string bytes;
    direct::put_wish(bytes);
    client.send(bytes);
    settle();
    EXPECT_NE(client.read(), "");
    bytes.clear();
    for (unsigned i = 0; i < kManyRequests; ++i) {
      direct::FrameWriter{bytes, Kind::statistics, i}.end();
    }
    client.send(bytes);
    return client;
  }
  static void expect_all_replies(SocketClient& client, const std::function<void()>& turn) {
    std::string bytes = client.read();
    for (int i = 0; i < 100; ++i) {
      turn();
      bytes += client.read();
    }
    unsigned replies = 0;
    while (take_reply(bytes)) ++replies;
    EXPECT_EQ(replies, kManyRequests);
    EXPECT_EQ(bytes, "");
    EXPECT_TRUE(client.sees_end());
  }
  static constexpr unsigned kManyRequests = 20;
  static constexpr int kTurnsOfGreeting = 20;

  // Requests a drop that takes more than a few turns.
  void begin_to_drop(SocketClient& client) {
    for (std::size_t i = 0; i < 500 * kEntriesOfStep; ++i) {
      service.save(caller, SaveDestination{10s, std::to_string(i), "", "e"}, clock.now());
    }
    client.send(drop_all());
    turn();
    turn();
  }
  void come_to_its_end(SocketClient& dropping) {
    while (service.cache().bindings() > 0) turn();
    settle();
    EXPECT_NE(dropping.read(), "");
  }
};

TEST_F(ServerDirectTest, TheOneThatWasIdleLongestMakesRoom) {
  SocketClient first = direct_client();
  SocketClient second = direct_client();
  first.send(ping());
  settle();
  SocketClient third = direct_client();
  EXPECT_FALSE(first.sees_end());
  EXPECT_TRUE(second.sees_end());
  EXPECT_EQ(server->clients(), 2u);
}

TEST_F(ServerDirectTest, OneWhoseDropIsUnderWayIsNotIdle) {
  SocketClient dropping = direct_client();
  SocketClient idle = direct_client();
  begin_to_drop(dropping);
  EXPECT_EQ(dropping.read(), "");
  const SocketClient third = direct_client();
  EXPECT_TRUE(idle.sees_end());
  EXPECT_FALSE(dropping.sees_end());
  come_to_its_end(dropping);
}

TEST_F(ServerDirectTest, OneWithinAFrameIsNotIdle) {
  SocketClient within = direct_client();
  SocketClient idle = direct_client();
  within.send(ping().substr(0, 10));
  settle();
  const SocketClient third = direct_client();
  EXPECT_TRUE(idle.sees_end());
  EXPECT_FALSE(within.sees_end());
}

TEST_F(ServerDirectTest, FinishingItClosesTheIdleAtOnceAndTheOthersAfterTheirReply) {
  SocketClient dropping = direct_client();
  SocketClient idle = direct_client();
  begin_to_drop(dropping);
  bool finished = false;
  server->finish([&] { finished = true; });
  EXPECT_TRUE(idle.sees_end());
  EXPECT_FALSE(dropping.sees_end());
  EXPECT_FALSE(finished);
  come_to_its_end(dropping);
  EXPECT_TRUE(dropping.sees_end());
  EXPECT_TRUE(finished);
}

TEST_F(ServerDirectTest, FinishingItLetsRepliesLeaveFirst) {
  SocketClient slow = client_with_much_to_read();
  turn();
  bool finished = false;
  server->finish([&] { finished = true; });
  expect_all_replies(slow, [this] { turn(); });
  EXPECT_TRUE(finished);
}

TEST_F(ServerDirectTest, FinishingItWakesTheLoopForThoseWhoAreBeingAnswered) {
  SocketClient client = direct_client();
  client.send(ping());
  turn();
  bool finished = false;
  server->finish([&] { finished = true; });
  // None of these turns may block.
  for (int i = 0; i < 3 && !finished; ++i) loop.turn(Loop::Wait::block);
  EXPECT_TRUE(finished);
  EXPECT_NE(client.read(), "");
}

TEST_F(ServerDirectTest, NobodyIsClosedForAnotherWhoIsBeingAnswered) {
  SocketClient busy = direct_client();
  busy.send(ping().substr(0, 10));
  settle();
  SocketClient slow = client_with_much_to_read();
  const SocketClient another{listening.connect()};
  turn();
  turn();
  EXPECT_EQ(server->clients(), 3u);
  expect_all_replies(slow, [this] {
    clock.advance(Acceptor::kAcceptPause);
    settle();
  });
}

}  // namespace
}  // namespace scache::server
