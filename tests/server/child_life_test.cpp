// SPDX-License-Identifier: Apache-2.0
#include "server/child_life.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <optional>

#include "server/goodbye_fixture.hpp"

namespace scache::test {
namespace {

using namespace std::chrono_literals;
using State = ChildLife::State;

class ChildLifeTest : public GoodbyeFixture {
 protected:
  ChildLifeTest() {
    settings.max_idle = 10s;
    settings.idle_too_long = [this] { life->idle_too_long(); };
    start_with(2);
    life.emplace(loop, service, *server);
  }

  std::optional<ChildLife> life;
};

TEST_F(ChildLifeTest, WithAnEmptyCacheItStopsAtOnce) {
  EXPECT_EQ(life->state(), State::serving);
  life->parent_gone();
  EXPECT_EQ(life->state(), State::stopped);
  EXPECT_TRUE(loop.stopped());
  EXPECT_FALSE(life->signal());
}

TEST_F(ChildLifeTest, ASignalSaysGoodbye) {
  const Fd peer = save("smtp:a");
  life->handle_signal(SIGTERM);
  EXPECT_EQ(life->state(), State::leaving);
  EXPECT_EQ(life->signal(), SIGTERM);
  SocketClient late = connect();
  turns();
  EXPECT_EQ(server->clients(), 0U) << "it accepts nobody";
  EXPECT_TRUE(hears(peer, "QUIT\r\n"));
  answer(peer);
  advance(LastGoodbyes::kInterval);
  EXPECT_EQ(life->state(), State::stopped);
}

TEST_F(ChildLifeTest, ASecondSignalStopsAtOnce) {
  const Fd peer = save("smtp:a");
  life->handle_signal(SIGTERM);
  EXPECT_FALSE(loop.stopped());
  life->handle_signal(SIGINT);
  EXPECT_TRUE(loop.stopped());
  EXPECT_EQ(life->signal(), SIGTERM);
  EXPECT_TRUE(comes_alone(peer));
}

TEST_F(ChildLifeTest, AParentThatIsGoneAndASignalAreOneEnd) {
  const Fd peer = save("smtp:a");
  life->parent_gone();
  life->handle_signal(SIGTERM);
  EXPECT_EQ(life->state(), State::leaving);
  life->parent_gone();
  EXPECT_EQ(life->state(), State::leaving);
  EXPECT_EQ(life->signal(), SIGTERM);
}

TEST_F(ChildLifeTest, GoodbyesHaveALimitedTime) {
  const Fd peer = save("smtp:a");
  life->parent_gone();
  advance(ChildLife::kGoodbyeTime - 1ns);
  EXPECT_FALSE(loop.stopped());
  advance(1ns);
  EXPECT_TRUE(loop.stopped());
}

TEST_F(ChildLifeTest, WithoutClientsItRestsAndStops) {
  advance(9s);
  const Fd peer = save("smtp:a");
  advance(1s);
  EXPECT_EQ(life->state(), State::resting);
  EXPECT_TRUE(hears(peer, "QUIT\r\n"));
  answer(peer);
  advance(LastGoodbyes::kInterval);
  EXPECT_EQ(life->state(), State::stopped);
}

TEST_F(ChildLifeTest, AClientThatComesWhileItRestsIsServed) {
  advance(9s);
  const Fd peer = save("smtp:a");
  advance(1s);
  SocketClient client = connect();
  turns();
  EXPECT_EQ(client.read(), kGreeting);
  answer(peer);
  advance(LastGoodbyes::kInterval);
  EXPECT_EQ(life->state(), State::serving);
  EXPECT_FALSE(loop.stopped());
  client.leave();
  turns();
  advance(10s);
  EXPECT_EQ(life->state(), State::stopped);
}

TEST_F(ChildLifeTest, ASignalEndsTheRest) {
  advance(9s);
  const Fd peer = save("smtp:a");
  advance(1s);
  life->handle_signal(SIGTERM);
  EXPECT_EQ(life->state(), State::leaving);
  answer(peer);
  advance(LastGoodbyes::kInterval);
  EXPECT_EQ(life->state(), State::stopped);
}

}  // namespace
}  // namespace scache::test
