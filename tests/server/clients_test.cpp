// SPDX-License-Identifier: Apache-2.0
#include "server/clients.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "server/service_fixture.hpp"
#include "support/client.hpp"

namespace scache::server {
namespace {

using namespace test;

constexpr uid_t kAlice = 1'001;
constexpr uid_t kBob = 1'002;

class ClientsTest : public ServiceFixture, private ClientOwner {
 protected:
  // A client of that user, which has been greeted and is idle; and the other end of its stream.
  SocketClient& join(uid_t user) {
    Ends ends = socket_pair();
    peers.push_back(std::make_unique<SocketClient>(std::move(ends.second)));
    clients
        .add(std::make_unique<Client>(loop, closer, service, log, static_cast<ClientOwner&>(*this),
                                      std::move(ends.first),
                                      Caller{.policy = policy, .user = user}))
        .start();
    settle();
    return *peers.back();
  }
  bool has_left(SocketClient& peer) {
    settle();
    return peer.sees_end();
  }

  int emptied = 0;
  std::vector<std::unique_ptr<SocketClient>> peers;
  static constexpr std::size_t kMost = 2;
  Clients clients{loop, log, kMost, [this] { ++emptied; }};

 private:
  void client_idle(Client& client) noexcept override {
    clients.set_state(client, Client::State::idle);
  }
  void client_busy(Client& client) noexcept override {
    clients.set_state(client, Client::State::busy);
  }
  void client_done(Client& client) noexcept override {
    clients.set_state(client, Client::State::done);
  }
};

TEST_F(ClientsTest, AreCountedByUser) {
  join(kAlice);
  EXPECT_TRUE(clients.has_room());
  join(kAlice);
  EXPECT_FALSE(clients.has_room());
  SocketClient& of_bob = join(kBob);
  EXPECT_EQ(clients.count(), 3u);
  EXPECT_EQ(clients.count_of(kAlice), 2u);
  EXPECT_EQ(clients.count_of(kBob), 1u);
  of_bob.leave();
  settle();
  clients.end_done();
  EXPECT_EQ(clients.count(), 2u);
  EXPECT_EQ(clients.count_of(kBob), 0u);
  EXPECT_EQ(emptied, 0);
}

TEST_F(ClientsTest, ReportTheEndOfTheLast) {
  join(kAlice);
  join(kBob);
  clients.end_all();
  EXPECT_EQ(clients.count(), 0u);
  EXPECT_EQ(emptied, 1);
}

TEST_F(ClientsTest, TheOneThatIsIdleLongestMakesRoom) {
  SocketClient& first = join(kAlice);
  SocketClient& second = join(kBob);
  EXPECT_TRUE(clients.may_make_room());
  EXPECT_TRUE(clients.make_room());
  EXPECT_TRUE(has_left(first));
  EXPECT_FALSE(has_left(second));
}

TEST_F(ClientsTest, OneOfTheUserMakesRoomForThatUser) {
  SocketClient& of_alice = join(kAlice);
  SocketClient& of_bob = join(kBob);
  EXPECT_TRUE(clients.make_room(kBob));
  EXPECT_FALSE(has_left(of_alice));
  EXPECT_TRUE(has_left(of_bob));
  EXPECT_FALSE(clients.make_room(kBob));
}

TEST_F(ClientsTest, AnUnfinishedRequestHasItsTimeBeforeItMakesRoom) {
  SocketClient& busy = join(kAlice);
  EXPECT_TRUE(busy.send("request", {}));
  settle();
  EXPECT_FALSE(clients.may_make_room());
  EXPECT_FALSE(clients.make_room());
  clock.advance(Clients::kPatience - Duration{1});
  settle();
  EXPECT_FALSE(clients.may_make_room());
  clock.advance(Duration{1});
  settle();
  EXPECT_TRUE(clients.may_make_room());
  EXPECT_TRUE(clients.make_room());
  EXPECT_TRUE(has_left(busy));
}

TEST_F(ClientsTest, ThereAreOnlySoManyAboveTheLimit) {
  for (std::size_t i = 1; i < kMost + Clients::kClientsOnTheirWay; ++i) join(kAlice);
  EXPECT_TRUE(clients.may_make_room());
  join(kAlice);
  EXPECT_FALSE(clients.may_make_room());
}

TEST_F(ClientsTest, IdleOnesAreDismissedAndOthersStay) {
  SocketClient& idle = join(kAlice);
  SocketClient& busy = join(kBob);
  EXPECT_TRUE(busy.send("request", {}));
  settle();
  clients.dismiss_idle();
  clients.end_done();
  EXPECT_TRUE(has_left(idle));
  EXPECT_FALSE(has_left(busy));
  EXPECT_EQ(clients.count(), 1u);
}

}  // namespace
}  // namespace scache::server
