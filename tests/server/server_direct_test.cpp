#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "server/drops.hpp"
#include "server/server.hpp"
#include "support/client.hpp"
#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"
#include "support/listening.hpp"
#include "support/messages.hpp"
#include "support/recording_log.hpp"
#include "wire/direct_frame.hpp"
#include "wire/direct_handshake.hpp"

// Which clients that talk directly are between requests, and what becomes of them.

namespace scache {
namespace {

using namespace std::chrono_literals;
using namespace test;
using direct::Kind;
using direct::Tag;

class ServerDirectTest : public DescriptorCensus {
 protected:
  ServerDirectTest() {
    server.emplace(loop, closer, service, log, settings);
    server->accept_from(listening.descriptor());
  }
  void turn() { loop.turn(Loop::Wait::poll); }
  void settle() {
    for (int i = 0; i < 50; ++i) turn();
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
  // More than is dropped in a hundred turns.
  void fill() {
    for (std::size_t i = 0; i < 200 * Drops::kEntriesOfSlice; ++i) {
      service.save(SaveDestination{10s, std::to_string(i), "", "e"}, clock.now());
    }
  }

  Listening listening;
  FakeClock clock;
  Loop loop{clock.reader()};
  Closer closer;
  RecordingLog log;
  Statistics statistics{0};
  Service service{{.limits = {}, .ttl_limit = 1'000s, .listening = {}}, statistics, closer, log};
  Server::Settings settings{.session = {.limits = {}, .time_limit = 10s},
                            .clients = 2,
                            .max_idle = {},
                            .first_request = {},
                            .idle_too_long = {}};
  std::optional<Server> server;
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
  fill();
  SocketClient dropping = direct_client();
  SocketClient idle = direct_client();
  dropping.send(drop_all());
  turn();
  turn();
  EXPECT_EQ(dropping.read(), "");
  const SocketClient third = direct_client();
  EXPECT_TRUE(idle.sees_end());
  EXPECT_FALSE(dropping.sees_end());
  while (service.cache().bindings() > 0) turn();
  settle();
  EXPECT_NE(dropping.read(), "");
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
  fill();
  SocketClient dropping = direct_client();
  SocketClient idle = direct_client();
  dropping.send(drop_all());
  turn();
  turn();
  bool finished = false;
  server->finish([&] { finished = true; });
  EXPECT_TRUE(idle.sees_end());
  EXPECT_FALSE(dropping.sees_end());
  EXPECT_FALSE(finished);
  while (service.cache().bindings() > 0) turn();
  settle();
  EXPECT_NE(dropping.read(), "");
  EXPECT_TRUE(dropping.sees_end());
  EXPECT_TRUE(finished);
}

}  // namespace
}  // namespace scache
