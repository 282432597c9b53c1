// SPDX-License-Identifier: Apache-2.0
#include "client/stream_pool.hpp"

#include <chrono>
#include <utility>

#include "client/channel_fixture.hpp"

namespace scache::client {
namespace {

using test::FakeServer;
using test::Peer;

Instant soon() {
  return after(BootClock::now(), std::chrono::seconds{5});
}

const FakeServer::Script kAgree = [](Peer& peer) {
  peer.agree();
  EXPECT_TRUE(peer.sees_end());
};

class PoolOfStreams : public test::DescriptorCensus {};

TEST_F(PoolOfStreams, KeepsAStreamForTheNextCall) {
  FakeServer server{{kAgree}};
  StreamPool pool{server.path(), Protocol::any, 4};
  auto first = pool.take(false, soon());
  ASSERT_TRUE(first);
  EXPECT_TRUE((*first)->direct);
  EXPECT_FALSE((*first)->was_idle);
  Stream* const stream = first->get();
  pool.give_back(std::move(*first));
  auto second = pool.take(false, soon());
  ASSERT_TRUE(second);
  EXPECT_EQ(second->get(), stream);
  EXPECT_TRUE((*second)->was_idle);
}

TEST_F(PoolOfStreams, KeepsNoMoreThanItMay) {
  FakeServer server{{kAgree, kAgree}};
  StreamPool pool{server.path(), Protocol::any, 1};
  // Scripts run one after another: the second client is greeted after the first has disconnected.
  auto first = pool.take(false, soon());
  ASSERT_TRUE(first);
  pool.give_back(std::move(*first));
  EXPECT_EQ(opened(), 3U) << "a listening socket, and two ends of a stream";
  StreamPool none{server.path(), Protocol::any, 0};
  {
    auto kept = pool.take(true, soon());
    ASSERT_TRUE(kept) << "the one that waited was given up";
    none.give_back(std::move(*kept));
  }
  server.finish();
}

TEST_F(PoolOfStreams, KeepsNoStreamOutOfStep) {
  FakeServer server{{kAgree}};
  StreamPool pool{server.path(), Protocol::any, 4};
  auto stream = pool.take(false, soon());
  ASSERT_TRUE(stream);
  (*stream)->channel.set_in_step(false);
  pool.give_back(std::move(*stream));
  server.finish();
}

TEST_F(PoolOfStreams, AsksARefusingServerOnce) {
  FakeServer server{{[](Peer& peer) {
                       peer.refuse();
                       EXPECT_TRUE(peer.sees_end());
                     },
                     [](Peer& peer) {
                       peer.say(test::kGreeting);
                       EXPECT_TRUE(peer.sees_end()) << "no wish comes";
                     }}};
  StreamPool pool{server.path(), Protocol::any, 0};
  for (int i = 0; i < 2; ++i) {
    auto stream = pool.take(false, soon());
    ASSERT_TRUE(stream);
    EXPECT_FALSE((*stream)->direct);
    EXPECT_TRUE((*stream)->channel.in_step());
  }
}

TEST_F(PoolOfStreams, SpeaksAsItIsTold) {
  FakeServer server{{[](Peer& peer) {
                       peer.say(test::kGreeting);
                       EXPECT_TRUE(peer.sees_end()) << "no wish comes";
                     },
                     [](Peer& peer) {
                       peer.refuse();
                       EXPECT_TRUE(peer.sees_end());
                     }}};
  StreamPool postfix{server.path(), Protocol::postfix, 0};
  EXPECT_TRUE(postfix.take(false, soon()));
  StreamPool direct{server.path(), Protocol::direct, 0};
  EXPECT_EQ(code_of(direct.take(false, soon())), ErrorCode::unsupported);
}

TEST_F(PoolOfStreams, KnowsWhatIsNoServer) {
  FakeServer server{{[](Peer& peer) {
                       peer.say("220 mail.test ESMTP\r\n" + std::string(2, '\0'));
                       EXPECT_TRUE(peer.sees_end());
                     },
                     [](Peer& peer) {
                       peer.agree();
                       peer.leave();
                     },
                     [](Peer& peer) {
                       peer.say(test::kGreeting);
                       peer.expect(test::kWish);
                       peer.say(test::kDummy);
                       EXPECT_TRUE(peer.sees_end());
                     },
                     [](Peer& peer) {
                       peer.say("protocol");
                       EXPECT_TRUE(peer.sees_end());
                     }}};
  StreamPool pool{server.path(), Protocol::any, 4};
  EXPECT_EQ(code_of(pool.take(false, soon())), ErrorCode::protocol);
  EXPECT_TRUE(pool.take(false, soon()));
  EXPECT_EQ(code_of(pool.take(false, soon())), ErrorCode::protocol);
  const Instant deadline = after(BootClock::now(), std::chrono::milliseconds{20});
  EXPECT_EQ(code_of(pool.take(false, deadline)), ErrorCode::timeout);
}

}  // namespace
}  // namespace scache::client
