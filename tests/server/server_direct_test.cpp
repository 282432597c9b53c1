#include <gtest/gtest.h>

#include <string>

#include "server/drops.hpp"
#include "server/server_fixture.hpp"
#include "support/client.hpp"
#include "wire/direct_frame.hpp"
#include "wire/direct_handshake.hpp"

// Which clients that talk directly are between requests, and what becomes of them.

namespace scache {
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
  // A client that talks directly, with nothing to read.
  SocketClient direct_client() {
    SocketClient client{listening.connect()};
    std::string wish;
    direct::put_wish(wish);
    client.send(wish);
    settle();
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
  // Asks to drop more than is dropped in a hundred turns.
  void begin_to_drop(SocketClient& client) {
    for (std::size_t i = 0; i < 200 * Drops::kEntriesOfSlice; ++i) {
      service.save(SaveDestination{10s, std::to_string(i), "", "e"}, clock.now());
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

}  // namespace
}  // namespace scache
