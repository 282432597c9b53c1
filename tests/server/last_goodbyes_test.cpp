// SPDX-License-Identifier: Apache-2.0
#include "server/last_goodbyes.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "server/goodbye_fixture.hpp"

namespace scache::test {
namespace {

using namespace std::chrono_literals;

class LastGoodbyesTest : public GoodbyeFixture {
 protected:
  void begin() {
    last.start(2s, [this] { ++dones; });
  }

  LastGoodbyes last{loop, service};
  int dones = 0;
};

TEST_F(LastGoodbyesTest, AnEmptyCacheIsDoneAtOnce) {
  start_with(2);
  begin();
  EXPECT_EQ(dones, 1);
  EXPECT_FALSE(last.is_running());
}

TEST_F(LastGoodbyesTest, WithoutGoodbyesItIsDoneAtOnce) {
  start_with(2);
  service.say_goodbye({});
  const Fd peer = save("smtp:a");
  begin();
  EXPECT_EQ(dones, 1);
  EXPECT_EQ(service.cache().held(), 1U) << "the end of the service closes it";
}

TEST_F(LastGoodbyesTest, AllSayGoodbyeInTurn) {
  start_with(2);
  std::vector<Fd> peers;
  for (int i = 0; i < 5; ++i) peers.push_back(save("smtp:a"));
  begin();
  turns();
  EXPECT_EQ(service.cache().held(), 3U);
  for (const Fd& peer : peers) {
    EXPECT_TRUE(hears(peer, "QUIT\r\n"));
    EXPECT_EQ(dones, 0);
    answer(peer);
    advance(LastGoodbyes::kInterval);
  }
  EXPECT_EQ(dones, 1);
  EXPECT_EQ(service.totals().goodbyes_answered, 5U);
}

TEST_F(LastGoodbyesTest, OthersLeavePlainly) {
  start_with(2);
  const Fd peer = save("http:a");
  begin();
  EXPECT_EQ(dones, 1);
  EXPECT_TRUE(comes_alone(peer));
}

TEST_F(LastGoodbyesTest, TakesNoLongerThanItsLimit) {
  start_with(2);
  goodbye.wait = 10s;
  std::vector<Fd> peers;
  for (int i = 0; i < 5; ++i) peers.push_back(save("smtp:a"));
  begin();
  advance(2s - 1ns);
  EXPECT_EQ(dones, 0);
  advance(1ns);
  EXPECT_EQ(dones, 1);
  EXPECT_EQ(service.totals().goodbyes_unanswered, 2U);
  EXPECT_EQ(service.cache().held(), 3U) << "the end of the service closes them";
  advance(1h);
  EXPECT_EQ(dones, 1);
}

TEST_F(LastGoodbyesTest, AGoodbyeThatHasBegunIsAwaited) {
  start_with(2);
  const Fd peer = save("smtp:a");
  service.drop_connections("smtp:a", ~0ULL, 1);
  begin();
  EXPECT_EQ(dones, 0);
  answer(peer);
  advance(LastGoodbyes::kInterval);
  EXPECT_EQ(dones, 1);
}

TEST_F(LastGoodbyesTest, MayBeStopped) {
  start_with(2);
  const Fd peer = save("smtp:a");
  begin();
  EXPECT_TRUE(last.is_running());
  last.stop();
  EXPECT_TRUE(comes_alone(peer));
  advance(1h);
  EXPECT_EQ(dones, 0);
}

TEST_F(LastGoodbyesTest, ATurnRemovesALimitedNumber) {
  start_with(LastGoodbyes::kRemovedOfTurn + 1);
  std::vector<Fd> peers;
  for (std::size_t i = 0; i <= LastGoodbyes::kRemovedOfTurn; ++i) peers.push_back(save("http:a"));
  begin();
  EXPECT_EQ(service.cache().held(), 1U);
  EXPECT_TRUE(comes_true([this] {
    turn();
    return dones == 1;
  }));
}

}  // namespace
}  // namespace scache::test
