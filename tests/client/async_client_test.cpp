// SPDX-License-Identifier: Apache-2.0
#include <poll.h>

#include <chrono>
#include <scache/async_client.hpp>
#include <string>
#include <utility>
#include <vector>

#include "client/channel_fixture.hpp"

namespace scache::client {
namespace {

using direct::Kind;
using direct::Tag;
using test::FakeServer;
using test::Peer;

// The loop of a program, until there are `count` outcomes.
std::vector<AsyncClient::Outcome> run(AsyncClient& client, std::size_t count) {
  std::vector<AsyncClient::Outcome> outcomes;
  while (outcomes.size() < count) {
    client.process();
    while (auto outcome = client.next_outcome()) outcomes.push_back(std::move(*outcome));
    if (outcomes.size() == count) break;
    pollfd state{.fd = client.descriptor(), .events = client.events(), .revents = 0};
    if (::poll(&state, 1, 5'000) != 1) {
      ADD_FAILURE() << "only " << outcomes.size() << " outcomes come";
      break;
    }
  }
  return outcomes;
}

class ClientOfALoop : public test::DescriptorCensus {};

TEST_F(ClientOfALoop, AsksEverythingThatTheProtocolHas) {
  std::vector<Kind> kinds;
  FakeServer server{{[&](Peer& peer) {
    peer.agree();
    for (int i = 0; i < 10; ++i) {
      const auto asked = peer.take_request();
      kinds.push_back(asked.kind);
      const auto answer = static_cast<Kind>(static_cast<int>(asked.kind) + 128);
      peer.say(test::frame(answer, asked.id));
    }
    EXPECT_TRUE(peer.take_descriptor());
    EXPECT_TRUE(peer.sees_end());
  }}};
  {
    AsyncClient client{server.path()};
    std::vector<AsyncClient::Request> ids;
    ids.push_back(client.find_endpoint("e"));
    ids.push_back(client.find_destination("d"));
    ids.push_back(client.save({.descriptor = Descriptor{test::pipe_pair().first.release()}}));
    ids.push_back(client.bind({"d"}, "e"));
    ids.push_back(client.drop_endpoint("e"));
    ids.push_back(client.drop_destination("d"));
    ids.push_back(client.drop_prefix(""));
    ids.push_back(client.list_page({}));
    ids.push_back(client.statistics());
    ids.push_back(client.ping());
    EXPECT_EQ(client.under_way(), 10U);
    const auto outcomes = run(client, 10);
    ASSERT_EQ(outcomes.size(), 10U);
    const std::size_t indices[] = {0, 0, 1, 2, 3, 3, 3, 4, 5, 6};
    for (std::size_t i = 0; i < 10; ++i) {
      EXPECT_EQ(outcomes[i].id, ids[i]);
      ASSERT_TRUE(outcomes[i].answer) << i;
      EXPECT_EQ(outcomes[i].answer->index(), indices[i]) << i;
    }
  }
  server.finish();
  EXPECT_EQ(kinds,
            (std::vector<Kind>{Kind::find, Kind::find, Kind::save, Kind::bind, Kind::drop,
                               Kind::drop, Kind::drop, Kind::list, Kind::statistics, Kind::ping}));
}

TEST_F(ClientOfALoop, CancelsAndDisconnects) {
  FakeServer server{{[](Peer& peer) {
    peer.agree();
    peer.take_request();
    EXPECT_TRUE(peer.sees_end());
  }}};
  AsyncClient client{server.path()};
  const auto first = client.ping();
  const auto second = client.ping();
  const auto cancelled = client.cancel(second);
  const auto ended = run(client, 2);
  ASSERT_EQ(ended.size(), 2U);
  EXPECT_EQ(ended[0].id, second);
  EXPECT_EQ(ended[0].answer.error().code, ErrorCode::cancelled);
  EXPECT_EQ(ended[1].id, cancelled);
  while (client.wants_process() || (client.events() & POLLOUT) != 0 || client.under_way() == 0) {
    client.process();
  }
  pollfd state{.fd = client.descriptor(), .events = client.events(), .revents = 0};
  while (client.under_way() > 0 && ::poll(&state, 1, 50) == 1) client.process();
  AsyncClient moved{std::move(client)};
  moved.disconnect();
  const auto last = moved.next_outcome();
  ASSERT_TRUE(last);
  EXPECT_EQ(last->id, first);
  EXPECT_EQ(last->answer.error().code, ErrorCode::disconnected);
  EXPECT_EQ(moved.descriptor(), -1);
}

}  // namespace
}  // namespace scache::client
