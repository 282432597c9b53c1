// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/goodbye_fixture.hpp"
#include "server/statistics_lines.hpp"

// Which connections say goodbye, and when.

namespace scache::test {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::SizeIs;

class GoodbyesTest : public GoodbyeFixture {
 protected:
  GoodbyesTest() { start_with(4); }
};

TEST_F(GoodbyesTest, AnExpiredConnectionSaysIt) {
  const Fd peer = save("smtp:a", 1s);
  pass(1s);
  EXPECT_EQ(service.cache().held(), 0U);
  EXPECT_TRUE(hears(peer, "QUIT\r\n"));
  EXPECT_FALSE(is_left_alone(peer));
  answer(peer);
  EXPECT_TRUE(comes_alone(peer));
  EXPECT_EQ(service.totals().goodbyes, 1U);
  EXPECT_EQ(service.totals().goodbyes_answered, 1U);
  EXPECT_EQ(service.totals().goodbyes_unanswered, 0U);
}

TEST_F(GoodbyesTest, ADroppedConnectionSaysIt) {
  const Fd peer = save("smtp:a");
  EXPECT_EQ(service.drop_connections("smtp:a", ~0ULL, 10), 1U);
  EXPECT_TRUE(hears(peer, "QUIT\r\n"));
  pass(Goodbye::kWait);
  EXPECT_TRUE(comes_alone(peer));
  EXPECT_EQ(service.totals().goodbyes_unanswered, 1U);
}

TEST_F(GoodbyesTest, AnEvictedConnectionSaysIt) {
  Service small{{.limits = {.connections = 1}}, closer, log};
  small.say_goodbye([this](std::string_view) { return &goodbye; });
  Farewells farewells{loop, closer, 1, [&](Farewells::End how) { small.count_goodbye(how); }};
  small.use_farewells(&farewells);
  Ends first = tcp_pair();
  Ends second = tcp_pair();
  small.save(caller, {100s, "smtp:a", "p"}, std::move(first.first), clock.now());
  small.save(caller, {100s, "smtp:b", "p"}, std::move(second.first), clock.now());
  EXPECT_EQ(small.totals().evicted_for_share, 1U);
  EXPECT_TRUE(hears(first.second, "QUIT\r\n"));
  small.use_farewells(nullptr);
}

TEST_F(GoodbyesTest, OnlyTheirEndpointsSayIt) {
  const Fd peer = save("http:a", 1s);
  pass(1s);
  EXPECT_TRUE(comes_alone(peer));
  EXPECT_EQ(receive_with(peer.get()).size, 0);
  EXPECT_EQ(service.totals().goodbyes_skipped, 0U);
}

TEST_F(GoodbyesTest, AConnectionThatIsFoundOrUnconfirmedDoesNot) {
  Ends made = tcp_pair();
  const Fd copy{::dup(made.first.get())};
  save_end("smtp:a", std::move(made.first));
  auto claim = service.find(caller, FindEndpoint{"smtp:a"}, clock.now());
  ASSERT_TRUE(claim);
  service.commit(*claim, Service::Lookup::endpoint);
  save_end("smtp:a", Fd{::dup(copy.get())});
  service.withdraw(service.last_place());
  EXPECT_EQ(service.totals().dropped, 1U);
  EXPECT_TRUE(comes_true([this] { return !closer.catch_up(); }));
  EXPECT_EQ(receive_with(made.second.get()).size, -1) << "it is in use";
  EXPECT_EQ(service.totals().goodbyes, 0U);
  EXPECT_EQ(service.totals().goodbyes_skipped, 0U);
}

TEST_F(GoodbyesTest, ADeadConnectionDoesNot) {
  Fd first = save("smtp:a");
  const Fd second = save("smtp:b");
  const Fd third = save("smtp:c");
  first.reset();
  ::send(second.get(), "421 ", 4, 0);
  // The watcher has not noticed yet.
  service.drop_connections("smtp:a", ~0ULL, 10);
  service.drop_connections("smtp:b", ~0ULL, 10);
  ::send(third.get(), "421 ", 4, 0);
  pass(Watcher::kQuiet);
  EXPECT_EQ(service.totals().dead, 1U);
  EXPECT_TRUE(comes_alone(second));
  EXPECT_TRUE(comes_alone(third));
  EXPECT_EQ(service.totals().goodbyes, 0U);
}

TEST_F(GoodbyesTest, APipeDoesNot) {
  Ends pipe = pipe_pair();
  save_end("smtp:a", std::move(pipe.second));
  service.drop_connections("smtp:a", ~0ULL, 10);
  EXPECT_TRUE(comes_alone(pipe.first));
  EXPECT_EQ(receive_with(pipe.first.get()).size, -1);
  EXPECT_EQ(service.totals().goodbyes + service.totals().goodbyes_skipped, 0U);
}

TEST_F(GoodbyesTest, WithoutAPlaceADropIsPlainAndCounted) {
  std::vector<Fd> peers;
  for (int i = 0; i < 5; ++i) peers.push_back(save("smtp:a"));
  EXPECT_EQ(service.drop_connections("smtp:a", ~0ULL, 10), 5U);
  EXPECT_EQ(service.totals().goodbyes, 4U);
  EXPECT_EQ(service.totals().goodbyes_skipped, 1U);
  EXPECT_TRUE(comes_alone(peers.back()));
  EXPECT_EQ(receive_with(peers.back().get()).size, 0);
}

TEST_F(GoodbyesTest, ExpiredConnectionsWaitForAPlace) {
  std::vector<Fd> peers;
  for (int i = 0; i < 6; ++i) peers.push_back(save("smtp:a", 1s));
  advance(1s);
  EXPECT_EQ(service.cache().held(), 2U);
  EXPECT_FALSE(service.find(caller, FindEndpoint{"none"}, clock.now()));
  for (int i = 0; i < 4; ++i) answer(peers[static_cast<std::size_t>(i)]);
  advance(Expiry::kRoomInterval);
  EXPECT_EQ(service.cache().held(), 0U);
  EXPECT_EQ(service.totals().goodbyes, 6U);
  EXPECT_EQ(service.totals().goodbyes_skipped, 0U);
}

TEST_F(GoodbyesTest, ExpiredConnectionsWaitForALimitedTime) {
  goodbye.wait = 10s;
  std::vector<Fd> peers;
  for (int i = 0; i < 6; ++i) peers.push_back(save("smtp:a", 1s));
  advance(1s);
  advance(Expiry::kPatience - 1ns);
  EXPECT_EQ(service.cache().held(), 2U);
  // The timer looks at intervals.
  advance(Expiry::kRoomInterval);
  EXPECT_EQ(service.cache().held(), 0U);
  EXPECT_EQ(service.totals().goodbyes_skipped, 2U);
}

TEST_F(GoodbyesTest, TheLogHasTheirNumbers) {
  StatisticsLines lines{0};
  std::vector<Fd> peers;
  for (int i = 0; i < 5; ++i) peers.push_back(save("smtp:a"));
  service.drop_connections("smtp:a", ~0ULL, 10);
  answer(peers[0]);
  pass(Goodbye::kWait);
  EXPECT_THAT(lines.next_interval(0, service.totals(), {}),
              Contains("statistics: goodbyes=4 answered=1 unanswered=3 skipped=1"));
  EXPECT_THAT(lines.next_interval(0, service.totals(), {}), SizeIs(0));
}

TEST_F(GoodbyesTest, TheEndOfTheServerIsPlain) {
  const Fd cached = save("smtp:a");
  const Fd leaving = save("smtp:b");
  service.drop_connections("smtp:b", ~0ULL, 10);
  server.reset();
  EXPECT_TRUE(comes_alone(leaving));
  EXPECT_EQ(service.totals().goodbyes_unanswered, 1U);
  service.drop_connections("smtp:a", ~0ULL, 10);
  EXPECT_TRUE(comes_alone(cached));
  EXPECT_EQ(service.totals().goodbyes, 1U);
}

}  // namespace
}  // namespace scache::test
