// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string_view>
#include <utility>

#include "server/server_fixture.hpp"
#include "support/direct_messages.hpp"
#include "support/messages.hpp"

// Cached connections that end while nobody asks for them.

namespace scache::test {
namespace {

class ServerHealthTest : public ServerFixture {
 protected:
  // Saves one end of a connection; returns the other.
  Fd save(SocketClient& client, std::string_view endpoint) {
    Ends ends = tcp_pair();
    EXPECT_EQ(ask(client, save_endp(endpoint, "p", "100")), kDummy);
    EXPECT_EQ(ask(client, kByte, {ends.first.get()}), kSaved);
    return std::move(ends.second);
  }
};

TEST_F(ServerHealthTest, AConnectionThatEndsLeavesAndItsDescriptorIsFree) {
  start();
  SocketClient client = idle_client();
  const std::size_t before = opened();
  Fd peer = save(client, "e");
  Fd other = save(client, "e");
  pass(Watcher::kQuiet);
  peer.reset();
  settle();
  EXPECT_EQ(service.cache().held(), 1U);
  ASSERT_TRUE(send_with(other.get(), "421 bye\r\n", {}));
  settle();
  EXPECT_EQ(service.cache().held(), 0U);
  EXPECT_EQ(service.totals().dead, 2U);
  EXPECT_TRUE(comes_true([&] { return opened() == before + 1; })) << "the peer that is left";
  EXPECT_EQ(ask(client, find_endp("e")), kNoEndpoint);
}

TEST_F(ServerHealthTest, AConnectionInUseIsNotTouched) {
  start();
  SocketClient client = idle_client();
  Fd peer = save(client, "e");
  pass(Watcher::kQuiet);
  EXPECT_EQ(ask(client, find_endp("e")), endpoint_hit("p"));
  // Claimed: the client has not asked for the descriptor yet.
  ASSERT_TRUE(send_with(peer.get(), "421 bye\r\n", {}));
  pass(Watcher::kQuiet);
  EXPECT_EQ(service.cache().held(), 1U);
  client.leave();
  settle();
  EXPECT_EQ(service.cache().held(), 1U) << "it has returned";
  pass(Watcher::kQuiet);
  EXPECT_EQ(service.cache().held(), 0U);
}

TEST_F(ServerHealthTest, AServerThatEndsLeavesTheCacheAsItIs) {
  start();
  SocketClient client = idle_client();
  Fd peer = save(client, "e");
  pass(Watcher::kQuiet);
  server.reset();
  peer.reset();
  pass(Watcher::kQuiet);
  EXPECT_EQ(service.cache().held(), 1U);
}

}  // namespace
}  // namespace scache::test
