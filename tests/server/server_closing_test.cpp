// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "server/server_fixture.hpp"
#include "support/client.hpp"
#include "support/hanging_close.hpp"
#include "support/messages.hpp"

// Users whose descriptors block in close(2).

namespace scache::test {
namespace {

class ServerClosingTest : public ServerFixture {
 protected:
  ~ServerClosingTest() override {
    peers.clear();
    EXPECT_TRUE(comes_true([this] { return !closer.catch_up(); }));
  }
  void get_stuck() {
    Ends lingering = lingering_pair(60);
    const int number = lingering.first.get();
    peers.push_back(std::move(lingering.second));
    closer.close(std::move(lingering.first), ::getuid());
    EXPECT_TRUE(comes_true([number] { return !is_open(number); }));
    closer.look();
    closer.look();
  }

  const HangingClose hanging;
  Ends tcp = tcp_pair();
  std::vector<Fd> peers;
};

TEST_F(ServerClosingTest, AUserWithTooManyIsAcceptedNoMoreAndMaySendNoDescriptor) {
  start();
  SocketClient one = connect_and_settle();
  SocketClient two = connect_and_settle();
  EXPECT_EQ(one.read(), kGreeting);
  EXPECT_EQ(two.read(), kGreeting);
  while (closer.accepts(::getuid())) get_stuck();
  EXPECT_EQ(ask(one, find_endp("e")), kNoEndpoint) << "the lookup receives no descriptor";
  EXPECT_EQ(ask(one, save_endp("e", "p", "100")), kDummy);
  EXPECT_EQ(ask(one, kByte, {tcp.first.get()}), kFailed);
  EXPECT_TRUE(one.sees_end());
  EXPECT_EQ(ask(two, find_endp("e"), {tcp.first.get(), tcp.first.get()}), "");
  EXPECT_TRUE(two.sees_end());
  EXPECT_TRUE(connect_and_settle().sees_end());
  EXPECT_EQ(server->clients(), 0U);

  peers.pop_back();
  EXPECT_TRUE(comes_true([&] { return closer.accepts(::getuid()); }));
  SocketClient later = connect_and_settle();
  EXPECT_EQ(later.read(), kGreeting);
}

TEST_F(ServerClosingTest, EntriesThatExpireTogetherWaitUntilOthersAreClosed) {
  start();
  SocketClient client = connect_and_settle();
  EXPECT_EQ(client.read(), kGreeting);
  EXPECT_EQ(ask(client, save_endp("e", "p", "1")), kDummy);
  EXPECT_EQ(ask(client, kByte, {tcp.first.get()}), kSaved);
  Ends lingering = lingering_pair(60);
  const int number = lingering.first.get();
  peers.push_back(std::move(lingering.second));
  closer.close(std::move(lingering.first), ::getuid());
  EXPECT_TRUE(comes_true([number] { return !is_open(number); }));
  while (!closer.is_behind()) closer.close(Fd{::dup(tcp.second.get())}, ::getuid());
  clock.advance(std::chrono::seconds{2});
  turn();
  EXPECT_EQ(service.cache().connections(), 1U);
  peers.clear();
  EXPECT_TRUE(comes_true([&] { return !closer.is_behind(); }));
  turn();
  turn();
  EXPECT_EQ(service.cache().connections(), 0U);
}

}  // namespace
}  // namespace scache::test
