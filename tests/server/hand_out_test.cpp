// SPDX-License-Identifier: Apache-2.0
#include "server/hand_out.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "server/goodbye_fixture.hpp"
#include "support/hand_out_rule.hpp"

// The maximum age and the maximum number of uses of connections.

namespace scache::test {
namespace {

using namespace std::chrono_literals;

TEST(HandOut, LivesAreSpreadOverATenthOfTheMaximumAge) {
  const HandOut rule{.max_age = 100s};
  std::vector<Duration> lives;
  for (std::uint64_t id = 1'000; id < 2'000; ++id) lives.push_back(rule.life_of(id));
  EXPECT_EQ(lives[7], rule.life_of(1'007)) << "a connection keeps its life";
  std::ranges::sort(lives);
  EXPECT_GE(lives.front(), 90s);
  EXPECT_LE(lives.back(), 100s);
  // A hundred of a thousand in each second.
  for (int i = 0; i < 10; ++i) {
    const auto ends = std::ranges::count_if(
        lives, [&](Duration life) { return life > 90s + i * 1s && life <= 91s + i * 1s; });
    EXPECT_NEAR(static_cast<double>(ends), 100, 3) << i;
  }
}

class HandOutTest : public GoodbyeFixture {
 protected:
  HandOutTest() {
    start_with(4);
    policy.ttl_limit = 1h;
  }

  // Saves a connection with a history; returns its peer.
  Fd save_with(const Past& past, std::string_view endpoint = "smtp:a",
               std::chrono::milliseconds ttl = 1h, Saved expected = Saved::yes) {
    Ends ends = tcp_pair();
    const SaveEndpoint request{ttl, endpoint, "p", past};
    EXPECT_EQ(service.save(caller, request, std::move(ends.first), clock.now()), expected);
    return std::move(ends.second);
  }
  bool has(std::string_view endpoint = "smtp:a") {
    return service.find(caller, FindEndpoint{endpoint}, clock.now()).has_value();
  }
};

TEST_F(HandOutTest, AConnectionIsFoundUntilItsMaximumAge) {
  const HandOut rule{.max_age = 100s};
  const Duration life = rule.life_of(5);
  service.hand_out(hand_out_of("smtp:a", rule));
  const Fd peer = save_with({.connection = 5, .age = 60s});
  const Fd other = save_with({.connection = 5, .age = 60s}, "smtp:b");
  advance(life - 60s - 1ms);
  EXPECT_TRUE(has());
  advance(1ms);
  EXPECT_FALSE(has());
  EXPECT_TRUE(has("smtp:b")) << "of another pattern";
  EXPECT_TRUE(hears(peer, "QUIT\r\n"));
  EXPECT_EQ(service.totals().expired, 1u);
  EXPECT_EQ(service.totals().retired, 0u);
  answer(peer);
}

TEST_F(HandOutTest, AShorterTimeToLiveIsKept) {
  service.hand_out(hand_out_of("*", {.max_age = 100s}));
  const Fd peer = save_with({}, "e", 10s);
  advance(10s - 1ms);
  EXPECT_TRUE(has("e"));
  advance(1ms);
  EXPECT_FALSE(has("e"));
}

TEST_F(HandOutTest, AnAgeCountsFromTheFirstSave) {
  service.hand_out(hand_out_of("*", {.max_age = 100s}));
  const Fd peer = save_with({});
  const Duration life = HandOut{.max_age = 100s}.life_of(
      service.find(caller, FindEndpoint{"smtp:a"}, clock.now())->record().provenance.id);
  advance(life - 1ms);
  EXPECT_TRUE(has());
  advance(1ms);
  EXPECT_FALSE(has());
  answer(peer);
}

TEST_F(HandOutTest, AConnectionThatIsSavedPastItsMaximumAgeIsRetired) {
  const HandOut rule{.max_age = 100s};
  service.hand_out(hand_out_of("*", rule));
  const auto life = std::chrono::ceil<std::chrono::milliseconds>(rule.life_of(5));
  const Fd old = save_with({.connection = 5, .age = life}, "smtp:a", 1h, Saved::retired);
  EXPECT_FALSE(has());
  turns();
  EXPECT_TRUE(hears(old, "QUIT\r\n"));
  answer(old);
  EXPECT_TRUE(comes_alone(old));
  const Fd young = save_with({.connection = 5, .age = life - 1ms});
  EXPECT_TRUE(has());
  EXPECT_EQ(service.totals().connections_saved, 2u);
  EXPECT_EQ(service.totals().retired, 1u);
  EXPECT_EQ(service.totals().expired, 0u);
}

TEST_F(HandOutTest, AConnectionMayBeOlderThanTheClock) {
  service.hand_out(hand_out_of("*", {.max_age = std::chrono::hours{24} * 365}));
  const Duration clock_age = clock.now().time_since_epoch();
  const auto older = std::chrono::ceil<std::chrono::milliseconds>(clock_age) + 1h;
  const Fd young = save_with({.connection = 5, .age = older}, "e");
  EXPECT_TRUE(has("e"));
  const Fd old = save_with({.connection = 5, .age = std::chrono::milliseconds::max()}, "f", 1h,
                           Saved::retired);
  EXPECT_FALSE(has("f"));
  EXPECT_EQ(service.totals().retired, 1u);
}

TEST_F(HandOutTest, AConnectionThatWasUsedOftenEnoughIsRetired) {
  service.hand_out(hand_out_of("*", {.max_uses = 3}));
  const Fd fresh = save_with({.connection = 5, .uses = 2});
  EXPECT_TRUE(has());
  const Fd worn = save_with({.connection = 6, .uses = 3}, "smtp:b", 1h, Saved::retired);
  EXPECT_FALSE(has("smtp:b"));
  turns();
  EXPECT_TRUE(hears(worn, "QUIT\r\n"));
  answer(worn);
  EXPECT_TRUE(comes_alone(worn));
  EXPECT_EQ(service.totals().retired, 1u);
  EXPECT_TRUE(has());
}

TEST_F(HandOutTest, ARetiredConnectionTakesNobodysPlace) {
  Service small{{.limits = {.connections = 1}}, closer, log};
  small.hand_out(hand_out_of("*", {.max_uses = 3}));
  const SaveEndpoint fresh{1h, "smtp:a", "p", {.uses = 2}};
  const SaveEndpoint worn{1h, "smtp:b", "p", {.uses = 3}};
  EXPECT_EQ(small.save(caller, fresh, tcp_pair().first, clock.now()), Saved::yes);
  EXPECT_EQ(small.save(caller, worn, tcp_pair().first, clock.now()), Saved::retired);
  EXPECT_EQ(small.cache().connections(), 1U);
  EXPECT_EQ(small.totals().all_evicted(), 0U);
}

// A client of the Postfix protocol, or a careless one, saves without the history.
class HistoryTest : public HandOutTest {
 protected:
  Saved save_again(const Fd& end, const Past& past = {}) {
    const SaveEndpoint request{1h, "smtp:a", "p", past};
    return service.save(caller, request, duplicate(end.get()), clock.now());
  }
  Provenance take() {
    auto claim = service.find(caller, FindEndpoint{"smtp:a"}, clock.now());
    EXPECT_TRUE(claim);
    if (!claim) return {};
    const Provenance from = claim->record().provenance;
    service.commit(*claim, Service::Lookup::endpoint);
    return from;
  }

  Ends ends = tcp_pair();
};

TEST_F(HistoryTest, UsesAreCountedWithoutTheHelpOfTheClient) {
  service.hand_out(hand_out_of("*", {.max_uses = 2}));
  EXPECT_EQ(save_again(ends.first), Saved::yes);
  const Provenance first = take();
  EXPECT_EQ(first.uses, 0U);
  EXPECT_EQ(save_again(ends.first), Saved::yes);
  const Provenance second = take();
  EXPECT_EQ(second.uses, 1U);
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(save_again(ends.first), Saved::retired);
  EXPECT_EQ(save_again(tcp_pair().first), Saved::yes) << "another socket";
}

TEST_F(HistoryTest, TheServerKnowsBetterThanTheClient) {
  service.hand_out(hand_out_of("*", {.max_uses = 2}));
  EXPECT_EQ(save_again(ends.first, {.connection = 5, .uses = 1}), Saved::yes);
  EXPECT_EQ(take().uses, 1U);
  EXPECT_EQ(save_again(ends.first, {.connection = 6}), Saved::retired);
}

TEST_F(HistoryTest, AnAgeCountsFromTheFirstSave) {
  service.hand_out(hand_out_of("*", {.max_age = 100s}));
  EXPECT_EQ(save_again(ends.first), Saved::yes);
  const Instant since = clock.now();
  for (int i = 0; i < 2; ++i) {
    advance(30s);
    EXPECT_EQ(take().since, since);
    EXPECT_EQ(save_again(ends.first), Saved::yes);
  }
  take();
  advance(40s);
  EXPECT_EQ(save_again(ends.first), Saved::retired);
}

TEST_F(HistoryTest, ARetiredConnectionStaysRetired) {
  service.hand_out(hand_out_of("*", {.max_uses = 1}));
  EXPECT_EQ(save_again(ends.first), Saved::yes);
  take();
  EXPECT_EQ(save_again(ends.first), Saved::retired);
  EXPECT_EQ(save_again(ends.first), Saved::retired);
}

TEST_F(HistoryTest, APipeHasOnlyTheHistoryThatItsClientGives) {
  service.hand_out(hand_out_of("*", {.max_uses = 1}));
  const Ends one = pipe_pair();
  const Ends other = pipe_pair();
  EXPECT_EQ(save_again(one.first), Saved::yes);
  take();
  EXPECT_EQ(save_again(other.first), Saved::yes);
  EXPECT_EQ(save_again(one.first, {.connection = 5, .uses = 1}), Saved::retired);
}

TEST_F(HistoryTest, WithoutLimitsNothingIsKept) {
  service.hand_out(hand_out_of("other", {.max_uses = 2}));
  EXPECT_EQ(save_again(ends.first), Saved::yes);
  take();
  EXPECT_EQ(save_again(ends.first), Saved::yes);
  EXPECT_EQ(take().uses, 0U);
}

TEST_F(HandOutTest, WithoutALimitNothingIsRetired) {
  service.hand_out(hand_out_of("other", {.max_age = 1s, .max_uses = 1}));
  const Fd peer = save_with({.connection = 5, .uses = 1'000'000, .age = 24h});
  EXPECT_TRUE(has());
  // An expired time to live is none.
  policy.ttl_limit = 0s;
  const Fd brief = save_with({.connection = 6}, "brief");
  EXPECT_FALSE(has("brief"));
  EXPECT_EQ(service.totals().retired, 0u);
}

}  // namespace
}  // namespace scache::test
