// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/direct_fixture.hpp"
#include "server/direct_session.hpp"

namespace scache::server {
namespace {

using namespace std::chrono_literals;
using namespace test;
using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST_F(DirectSessionTest, AnEndpointADestinationOrAPrefixIsDropped) {
  talk.ask(save_frame(1, "a1"), {tcp.first.get()});
  talk.ask(save_frame(2, "a2"), {tcp.first.get()});
  talk.ask(save_frame(3, "b"), {tcp.first.get()});
  talk.ask(bind_frame(4, "a3", "b"));
  talk.ask(bind_frame(5, "c", "b"));
  const Reply destination = talk.ask(frame(Kind::drop, 6, {{Tag::destination, "c"}}));
  EXPECT_EQ(destination.kind, Kind::dropped);
  EXPECT_EQ(destination.number(Tag::bindings), 1u);
  EXPECT_EQ(destination.number(Tag::connections), 0u);
  const Reply endpoint = talk.ask(frame(Kind::drop, 7, {{Tag::endpoint, "a1"}}));
  EXPECT_EQ(endpoint.number(Tag::connections), 1u);
  const Reply prefix = talk.ask(frame(Kind::drop, 8, {{Tag::prefix, "a"}}));
  EXPECT_EQ(prefix.number(Tag::connections), 1u);
  EXPECT_EQ(prefix.number(Tag::bindings), 1u);
  EXPECT_EQ(service.cache().connections(), 1u);
  const Reply all = talk.ask(frame(Kind::drop, 9, {{Tag::prefix, ""}}));
  EXPECT_EQ(all.number(Tag::connections), 1u);
  EXPECT_EQ(service.totals().dropped, 5u);
}

TEST_F(DirectSessionTest, ALongDropHoldsUpNothingBehindIt) {
  const std::size_t many = 10 * kEntriesOfStep;
  for (std::size_t i = 0; i < many; ++i) {
    service.save(caller, SaveDestination{10s, std::to_string(i), "", "e"}, clock.now());
  }
  EXPECT_TRUE(talk.client.send(frame(Kind::drop, 1, {{Tag::prefix, ""}}) + find_frame(2, "e")));
  turn();
  turn();
  auto replies = talk.hear();
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_EQ(replies[0].id, 2u);
  EXPECT_GT(service.cache().bindings(), 0u);
  EXPECT_EQ(talk.idle_count(), talk.busy_count());
  settle();
  replies = talk.hear();
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_EQ(replies[0].number(Tag::bindings), many);
}

TEST_F(DirectSessionTest, AnswersComeInTheOrderInWhichTheyAreReady) {
  for (std::size_t i = 0; i < 10 * kEntriesOfStep; ++i) {
    service.save(caller, SaveDestination{10s, std::to_string(i), "", "e"}, clock.now());
  }
  const auto drop = [&](std::uint64_t id) { return frame(Kind::drop, id, {{Tag::prefix, ""}}); };
  const std::string drop_few = frame(Kind::drop, 2, {{Tag::endpoint, "few"}});
  const std::string cancel = frame(Kind::cancel, 4, {}, {{Tag::target, 3}});
  EXPECT_TRUE(talk.client.send(drop(1) + drop_few + drop(3) + cancel));
  settle();
  std::vector<std::uint64_t> ids;
  for (const Reply& reply : talk.hear()) ids.push_back(reply.id);
  EXPECT_THAT(ids, ElementsAre(3, 4, 2, 1)) << "the cancelled request, its cancel, short, long";
  EXPECT_EQ(service.cache().bindings(), 0u);
}

TEST_F(DirectSessionTest, ADropIsCancelled) {
  for (std::size_t i = 0; i < 10 * kEntriesOfStep; ++i) {
    service.save(caller, SaveDestination{10s, std::to_string(i), "", "e"}, clock.now());
  }
  EXPECT_TRUE(talk.client.send(frame(Kind::drop, 1, {{Tag::prefix, ""}}) +
                               frame(Kind::cancel, 2, {}, {{Tag::target, 1}}) +
                               frame(Kind::cancel, 3, {}, {{Tag::target, 1}})));
  settle();
  const auto replies = talk.hear();
  ASSERT_THAT(replies, SizeIs(3));
  EXPECT_EQ(replies[0].id, 1u);
  EXPECT_EQ(replies[0].code(), ErrorCode::cancelled);
  EXPECT_EQ(replies[1].id, 2u);
  EXPECT_EQ(replies[1].number(Tag::cancelled), 1u);
  EXPECT_EQ(replies[2].number(Tag::cancelled), 0u);
  EXPECT_GT(service.cache().bindings(), 0u);
}

TEST_F(DirectSessionTest, MoreDropsThanMayBeUnderWayWait) {
  for (std::size_t i = 0; i < kEntriesOfStep; ++i) {
    service.save(caller, SaveDestination{10s, std::to_string(i), "", "e"}, clock.now());
  }
  std::string bytes;
  for (std::uint64_t id = 0; id <= UnderWay::kMost; ++id) {
    bytes += frame(Kind::drop, id, {{Tag::prefix, "x"}});
  }
  EXPECT_TRUE(talk.client.send(bytes));
  settle();
  EXPECT_THAT(talk.hear_all(), SizeIs(UnderWay::kMost + 1));
}

TEST_F(DirectSessionTest, AClientThatGoesLeavesItsDropsUnfinished) {
  for (std::size_t i = 0; i < 100 * kEntriesOfStep; ++i) {
    service.save(caller, SaveDestination{10s, std::to_string(i), "", "e"}, clock.now());
  }
  EXPECT_TRUE(talk.client.send(frame(Kind::drop, 1, {{Tag::prefix, ""}})));
  turn();
  talk.client.leave();
  settle();
  EXPECT_TRUE(talk.is_over());
  EXPECT_GT(service.cache().bindings(), 0u);
}

TEST_F(DirectSessionTest, WhileADropIsUnderWayItsClientIsNotIdle) {
  talk.ask(frame(Kind::ping, 1));
  EXPECT_EQ(talk.idle_count(), talk.busy_count() + 1);
  for (std::size_t i = 0; i < 10 * kEntriesOfStep; ++i) {
    service.save(caller, SaveDestination{10s, std::to_string(i), "", "e"}, clock.now());
  }
  EXPECT_TRUE(talk.client.send(frame(Kind::drop, 2, {{Tag::prefix, ""}})));
  while (service.cache().bindings() > 0) {
    turn();
    if (service.cache().bindings() == 0) break;
    EXPECT_EQ(talk.idle_count(), talk.busy_count());
  }
  settle();
  EXPECT_EQ(talk.idle_count(), talk.busy_count() + 1);
}

TEST_F(DirectSessionTest, AClientThatGoesLeavesItsDropsUnfinishedThoughItHasSentMore) {
  for (std::size_t i = 0; i < 100 * kEntriesOfStep; ++i) {
    service.save(caller, SaveDestination{10s, std::to_string(i), "", "e"}, clock.now());
  }
  std::string bytes;
  for (std::uint64_t id = 0; id < 3 * UnderWay::kMost; ++id) {
    bytes += frame(Kind::drop, id, {{Tag::prefix, "x"}});
  }
  EXPECT_TRUE(talk.client.send(bytes));
  turn();
  talk.client.leave();
  const std::uint64_t before = service.work();
  settle();
  EXPECT_TRUE(talk.is_over());
  EXPECT_LE(service.work() - before, 2 * Loop::kWorkOfWaiter);
}

TEST_F(DirectSessionTest, ATurnHasAsManySlicesAsItsWorkAllows) {
  for (std::size_t i = 0; i < 100 * kEntriesOfStep; ++i) {
    service.save(caller, SaveDestination{10s, std::to_string(i), "", "e"}, clock.now());
  }
  std::string bytes;
  for (std::uint64_t id = 0; id < UnderWay::kMost; ++id) {
    bytes += frame(Kind::drop, id, {{Tag::prefix, "x"}});
  }
  EXPECT_TRUE(talk.client.send(bytes));
  for (int i = 0; i < 10; ++i) {
    const std::uint64_t before = service.work();
    turn();
    EXPECT_LE(service.work() - before, Loop::kWorkOfWaiter + kEntriesOfStep);
  }
}

}  // namespace
}  // namespace scache::server
