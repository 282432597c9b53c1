// SPDX-License-Identifier: Apache-2.0
#include "server/service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <chrono>
#include <expected>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/statistics_lines.hpp"
#include "support/descriptors.hpp"
#include "support/hand_out_rule.hpp"
#include "support/hanging_close.hpp"
#include "support/listening.hpp"
#include "support/recording_log.hpp"

namespace scache::server {
namespace {

using namespace std::chrono_literals;
using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Instant kNow{1'000s};

class ServiceTest : public DescriptorCensus {
 protected:
  Saved save(std::string_view endpoint, Fd fd, std::chrono::seconds ttl = 10s) {
    return service.save(caller, SaveEndpoint{ttl, endpoint, "p"}, std::move(fd), kNow);
  }
  Saved bind(std::string_view destination, std::string_view endpoint,
             std::chrono::seconds ttl = 10s) {
    return service.save(caller, SaveDestination{ttl, destination, "dp", endpoint}, kNow);
  }
  // Whether a lookup finds it. The connection stays in the cache.
  bool has(std::string_view endpoint, Instant now = kNow) {
    return service.find(caller, FindEndpoint{endpoint}, now).has_value();
  }
  bool leads_somewhere(std::string_view destination, Instant now = kNow) {
    return service.find(caller, FindDestination{destination}, now).has_value();
  }
  static Fd copy(const Fd& fd) { return Fd{::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0)}; }
  Lines counted() {
    Lines lines = lines_.next_interval(0, service.totals(), service.take_maxima());
    if (!lines.empty()) lines.erase(lines.begin());
    return lines;
  }

  Listening listening;
  RecordingLog log;
  Closer closer;
  Service service{{.limits = {.connections = 4,
                              .bindings_of_destination = 8,
                              .connection_bytes = 1U << 20,
                              .binding_bytes = 1U << 20},
                   .listening = {ListeningAddress{listening.descriptor()}}},
                  closer,
                  log};
  ListenPolicy policy{.ttl_limit = 60s};
  const Caller caller{.policy = policy, .user = 7};
  Ends tcp = tcp_pair();

 private:
  StatisticsLines lines_{0};
};

TEST_F(ServiceTest, FindsWhatWasSaved) {
  EXPECT_EQ(save("e", copy(tcp.first)), Saved::yes);
  EXPECT_EQ(bind("d", "e"), Saved::yes);
  const auto claim = service.find(caller, FindEndpoint{"e"}, kNow);
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->record().properties, "p");
  EXPECT_FALSE(leads_somewhere("d"));
}

TEST_F(ServiceTest, ADestinationsHit) {
  save("e", copy(tcp.first));
  bind("d", "e");
  const auto hit = service.find(caller, FindDestination{"d"}, kNow);
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->properties, "dp");
  EXPECT_EQ(hit->claim.record().endpoint, "e");
}

TEST_F(ServiceTest, NothingLivesLongerThanTheLimit) {
  save("short", copy(tcp.first), 59s);
  save("edge", copy(tcp.first), 60s);
  save("long", copy(tcp.first), std::chrono::seconds{2'147'483'647});
  bind("d", "long", std::chrono::seconds{2'147'483'647});
  EXPECT_TRUE(has("short", kNow + 59s - 1ns));
  EXPECT_FALSE(has("short", kNow + 59s));
  EXPECT_TRUE(has("edge", kNow + 60s - 1ns));
  EXPECT_TRUE(leads_somewhere("d", kNow + 60s - 1ns));
  EXPECT_FALSE(has("edge", kNow + 60s));
  EXPECT_FALSE(leads_somewhere("d", kNow + 60s));
  EXPECT_FALSE(has("long", kNow + 60s));
}

TEST_F(ServiceTest, AHitCountsOnlyWhenItIsCommitted) {
  save("e", copy(tcp.first));
  bind("d", "e");
  counted();
  {
    auto claim = service.find(caller, FindEndpoint{"e"}, kNow);
    auto none = service.find(caller, FindDestination{"d"}, kNow);
    ASSERT_TRUE(claim);
    EXPECT_FALSE(none);
  }
  EXPECT_THAT(counted(), ElementsAre("statistics: domain lookup hits=0 miss=1 success=0%"));
  {
    auto hit = service.find(caller, FindDestination{"d"}, kNow);
    ASSERT_TRUE(hit);
    service.commit(hit->claim, Service::Lookup::destination);
  }
  EXPECT_THAT(counted(), ElementsAre("statistics: domain lookup hits=1 miss=0 success=100%"));
  save("e", copy(tcp.first));
  counted();
  {
    auto claim = service.find(caller, FindEndpoint{"e"}, kNow);
    ASSERT_TRUE(claim);
    service.commit(*claim, Service::Lookup::endpoint);
  }
  EXPECT_THAT(counted(), ElementsAre("statistics: address lookup hits=1 miss=0 success=100%"));
}

TEST_F(ServiceTest, MaximaAreTakenAtSaves) {
  save("e", copy(tcp.first));
  save("e", copy(tcp.first));
  bind("d", "e");
  EXPECT_THAT(counted(),
              ElementsAre("statistics: max simultaneous domains=1 addresses=1 connection=2"));
  has("e");
  EXPECT_THAT(counted(), IsEmpty());
  save("f", copy(tcp.first));
  EXPECT_THAT(counted(),
              ElementsAre("statistics: max simultaneous domains=1 addresses=2 connection=3"));
}

TEST_F(ServiceTest, WithoutATimeALifeLastsAsLongAsTheDefaultAndAtMostTheLimit) {
  constexpr auto kNone = std::chrono::duration_cast<std::chrono::seconds>(kNoTtl);
  save("limit", copy(tcp.first), kNone);
  policy.ttl_default = 5s;
  policy.ttl_limit = 60s;
  save("default", copy(tcp.first), kNone);
  bind("d", "default", kNone);
  policy.ttl_default = 90s;
  policy.ttl_limit = 60s;
  save("much", copy(tcp.first), kNone);
  EXPECT_TRUE(has("default", kNow + 5s - 1ns));
  EXPECT_TRUE(leads_somewhere("d", kNow + 5s - 1ns));
  EXPECT_FALSE(has("default", kNow + 5s));
  EXPECT_TRUE(has("limit", kNow + 60s - 1ns));
  EXPECT_TRUE(has("much", kNow + 60s - 1ns));
  EXPECT_FALSE(has("limit", kNow + 60s));
  EXPECT_FALSE(has("much", kNow + 60s));
}

TEST_F(ServiceTest, AnotherLimitHoldsForWhatIsSavedFromThenOn) {
  save("before", copy(tcp.first), 50s);
  policy.ttl_default = 1s;
  policy.ttl_limit = 10s;
  save("behind", copy(tcp.first), 50s);
  EXPECT_TRUE(has("behind", kNow + 10s - 1ns));
  EXPECT_FALSE(has("behind", kNow + 10s));
  EXPECT_TRUE(has("before", kNow + 50s - 1ns));
}

TEST_F(ServiceTest, HandsOutTheNewestFirstWhereThatIsWanted) {
  service.hand_out(hand_out_of("new", {.newest_first = true}));
  for (const char* endpoint : {"new", "old"}) {
    for (const char* properties : {"1", "2"}) {
      service.save(caller, SaveEndpoint{10s, endpoint, properties}, copy(tcp.first), kNow);
    }
  }
  EXPECT_EQ(service.find(caller, FindEndpoint{"new"}, kNow)->record().properties, "2");
  EXPECT_EQ(service.find(caller, FindEndpoint{"old"}, kNow)->record().properties, "1");
}

TEST_F(ServiceTest, AtItsLimitOfConnectionsItClosesOneOfTheUserWithTheMost) {
  const Caller other{.policy = policy, .user = 8};
  Ends first = socket_pair();
  save("e", std::move(first.first));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(save("e", copy(tcp.first)), Saved::yes);
  const std::size_t before = open_descriptors();
  EXPECT_EQ(service.save(other, SaveEndpoint{10s, "o", "p"}, copy(tcp.first), kNow), Saved::yes);
  EXPECT_TRUE(comes_alone(first.second));
  EXPECT_TRUE(comes_to(before));
  EXPECT_EQ(save("e", copy(tcp.first)), Saved::yes);
  EXPECT_TRUE(has("o"));
  EXPECT_EQ(service.cache().connections(), 4U);
  EXPECT_EQ(service.totals().evicted_for_share, 2U);
  EXPECT_EQ(service.snapshot(kNow).evicted, 2U);
  EXPECT_EQ(service.totals().connections_refused, 0U);
}

TEST_F(ServiceTest, WithAllConnectionsClaimedItIsFull) {
  for (int i = 0; i < 4; ++i) save("e", copy(tcp.first));
  std::vector<std::expected<Claim, NotFound>> claims;
  for (int i = 0; i < 4; ++i) claims.push_back(service.find(caller, FindEndpoint{"e"}, kNow));
  const std::size_t before = open_descriptors();
  EXPECT_EQ(save("e", copy(tcp.first)), Saved::full);
  EXPECT_TRUE(comes_to(before));
  EXPECT_EQ(service.totals().connections_refused, 1U);
  EXPECT_EQ(bind("d", "e"), Saved::yes);
}

TEST_F(ServiceTest, AtItsLimitOfMemoryItEvictsToo) {
  const Caller other{.policy = policy, .user = 8};
  const std::string large(1U << 19, 'x');
  const SaveDestination request{10s, "d", large, "e"};
  EXPECT_EQ(service.save(caller, request, kNow), Saved::yes);
  EXPECT_EQ(service.save(other, SaveDestination{10s, "d2", large, "e"}, kNow), Saved::yes);
  EXPECT_EQ(service.save(caller, request, kNow), Saved::yes);
  EXPECT_EQ(service.save(caller, request, kNow), Saved::renewed);
  EXPECT_EQ(service.save(caller, SaveEndpoint{10s, "e2", large}, copy(tcp.first), kNow),
            Saved::yes);
  EXPECT_EQ(service.save(caller, SaveEndpoint{10s, "e2", large}, copy(tcp.first), kNow),
            Saved::yes);
  EXPECT_EQ(service.cache().connections(), 1U);
  EXPECT_EQ(service.totals().evicted_for_share, 3U);
}

TEST_F(ServiceTest, WhatIsLargerThanTheCacheIsRefused) {
  const std::string large(1U << 20, 'x');
  EXPECT_EQ(service.save(caller, SaveDestination{10s, "d", large, "e"}, kNow), Saved::full);
  EXPECT_EQ(service.save(caller, SaveEndpoint{10s, "e", large}, copy(tcp.first), kNow),
            Saved::full);
}

TEST_F(ServiceTest, EachKindOfEvictionIsCounted) {
  Service limited{{.limits = {.connections_of_endpoint = 1,
                              .connections_of_user = 2,
                              .bindings = 3,
                              .bindings_of_destination = 1}},
                  closer,
                  log};
  for (const char* endpoint : {"e", "e", "f", "g"}) {
    limited.save(caller, SaveEndpoint{10s, endpoint, "p"}, copy(tcp.first), kNow);
  }
  for (const char* destination : {"d", "d2", "d3", "d4"}) {
    limited.save(caller, SaveDestination{10s, destination, "dp", "e"}, kNow);
  }
  limited.save(caller, SaveDestination{10s, "d4", "other", "e"}, kNow);
  EXPECT_EQ(limited.totals().evicted_for_endpoint, 1U);
  EXPECT_EQ(limited.totals().evicted_for_user, 1U);
  EXPECT_EQ(limited.totals().evicted_for_share, 1U);
  EXPECT_EQ(limited.totals().evicted_for_destination, 1U);
  EXPECT_EQ(limited.snapshot(kNow).evicted, 4U);
}

TEST_F(ServiceTest, AClientsOwnStreamIsRefusedAndClosed) {
  const std::size_t before = open_descriptors();
  EXPECT_EQ(save("e", listening.connect()), Saved::own_client);
  EXPECT_TRUE(comes_true([&] { return open_descriptors() == before; }));
  EXPECT_FALSE(has("e"));
}

TEST_F(ServiceTest, AStreamToAnotherServerIsSaved) {
  const Listening other;
  EXPECT_EQ(save("e", other.connect()), Saved::yes);
}

TEST_F(ServiceTest, WhatIsNoConnectionIsRefusedAndClosed) {
  const std::size_t before = open_descriptors();
  EXPECT_EQ(save("e", Fd{::eventfd(0, EFD_CLOEXEC)}), Saved::wrong_kind);
  EXPECT_EQ(save("e", socket_pair(SOCK_DGRAM).first), Saved::wrong_kind);
  EXPECT_TRUE(comes_to(before));
  EXPECT_EQ(service.totals().connections_refused, 2U);
}

TEST_F(ServiceTest, WhatIsOverAlreadyIsNotFound) {
  const std::size_t before = open_descriptors();
  Ends gone = socket_pair();
  gone.second.reset();
  EXPECT_EQ(save("e", std::move(gone.first)), Saved::yes);
  ::shutdown(tcp.second.get(), SHUT_WR);
  EXPECT_EQ(save("e", copy(tcp.first)), Saved::yes);
  EXPECT_FALSE(has("e"));
  EXPECT_EQ(service.totals().connections_saved, 2U);
  EXPECT_EQ(service.totals().dead, 2U);
  EXPECT_EQ(service.totals().connections_refused, 0U);
  EXPECT_TRUE(comes_to(before));
}

TEST_F(ServiceTest, NothingIsSavedWhileTooMuchCannotBeClosed) {
  const HangingClose hanging;
  Ends lingering = lingering_pair(60);
  const int number = lingering.first.get();
  Closer one{1};
  Service careful{{}, one, log};
  one.close(std::move(lingering.first), 0);
  ASSERT_TRUE(comes_true([number] { return !is_open(number); }));
  one.look();
  one.look();
  const SaveEndpoint request{10s, "e", "p"};
  for (std::size_t i = 0; i < Closer::kMaxUnclosed; ++i) {
    EXPECT_EQ(careful.save(caller, request, Fd{::eventfd(0, EFD_CLOEXEC)}, kNow),
              Saved::wrong_kind);
  }
  EXPECT_EQ(careful.save(caller, request, copy(tcp.first), kNow), Saved::not_closable);
  lingering.second.reset();
  EXPECT_TRUE(comes_true([&] { return !one.catch_up(); }));
  EXPECT_EQ(careful.save(caller, request, copy(tcp.first), kNow), Saved::yes);
}

TEST_F(ServiceTest, WhatExpiresIsClosed) {
  save("e", std::move(tcp.first));
  EXPECT_EQ(service.next_deadline(), kNow + 10s);
  EXPECT_EQ(service.expire(kNow + 10s - 1ns, 100), 0u);
  EXPECT_FALSE(is_left_alone(tcp.second));
  EXPECT_EQ(service.expire(kNow + 10s, 100), 1u);
  EXPECT_TRUE(comes_alone(tcp.second));
  EXPECT_EQ(service.next_deadline(), kNever);
}

TEST_F(ServiceTest, ItsEndDoesNotWaitForLingeringConnections) {
  Ends lingering = lingering_pair(60);
  const auto begun = std::chrono::steady_clock::now();
  {
    Service brief{{}, closer, log};
    brief.save(caller, SaveEndpoint{10s, "e", "p"}, std::move(lingering.first), kNow);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s);
}

TEST_F(ServiceTest, WhatWasHandedOutMayLinger) {
  Ends lingering = lingering_pair(60);
  const auto begun = std::chrono::steady_clock::now();
  // The client has closed its copy, so this one is the last.
  save("e", std::move(lingering.first));
  auto claim = service.find(caller, FindEndpoint{"e"}, kNow);
  ASSERT_TRUE(claim);
  service.commit(*claim, Service::Lookup::endpoint);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s);
  lingering.second.reset();
}

TEST_F(ServiceTest, WhatWasHandedOutKeepsItsSettings) {
  Ends lingering = lingering_pair(60);
  save("e", copy(lingering.first));
  {
    auto claim = service.find(caller, FindEndpoint{"e"}, kNow);
    ASSERT_TRUE(claim);
    service.commit(*claim, Service::Lookup::endpoint);
  }
  EXPECT_EQ(linger_of(lingering.first.get()).l_linger, 60);
  EXPECT_NE(linger_of(lingering.first.get()).l_onoff, 0);
  lingering.second.reset();
}

TEST_F(ServiceTest, ALookupClosesTheDeadAndLooksOn) {
  {
    std::vector<Ends> peers;
    for (unsigned i = 0; i < 3; ++i) {
      peers.push_back(socket_pair());
      save("e", std::move(peers.back().first));
    }
  }
  save("e", copy(tcp.first));
  EXPECT_TRUE(service.find(caller, FindEndpoint{"e"}, kNow));
  EXPECT_EQ(service.totals().dead, 3U);
  EXPECT_EQ(service.totals().endpoint_misses, 0U);
}

TEST_F(ServiceTest, APipesOtherEndIsNotAsked) {
  save("pipe", pipe_pair().first);
  EXPECT_TRUE(service.find(caller, FindEndpoint{"pipe"}, kNow));
}

TEST_F(ServiceTest, DetailsTellWhyAConnectionLeft) {
  log.set_verbose(true);
  save("e", copy(tcp.first));
  bind("d", "e");
  bind("d", "e");
  service.expire(kNow + 100s, 100);
  using ::testing::StartsWith;
  EXPECT_THAT(log.take(), ElementsAre(StartsWith("save_endp ttl="),
                                      StartsWith("connection saved: endpoint=e properties=p fd="),
                                      StartsWith("save_dest ttl="),
                                      "binding saved: destination=d properties=dp endpoint=e",
                                      StartsWith("save_dest ttl="),
                                      "binding renewed: destination=d properties=dp endpoint=e",
                                      StartsWith("connection expired: endpoint=e properties=p fd="),
                                      "binding expired: destination=d properties=dp endpoint=e"));
}

TEST_F(ServiceTest, ConnectionsAreNumberedFromWhereTheServerBegins) {
  Service other{{.limits = {}, .last_connection_id = 41}, closer, log};
  EXPECT_EQ(other.new_connection_id(), 42u);
  EXPECT_EQ(other.new_connection_id(), 43u);
}

// A caller with the right to some actions with names that begin with "a".
class ServiceRightsTest : public ServiceTest {
 protected:
  Caller someone(Action action) {
    Caller some{.policy = policy, .user = 7, .rights = {}};
    Actions actions;
    actions.add(action);
    some.rights.add(std::make_shared<Grant>(Grant{.actions = actions, .names = {"a*"}}));
    return some;
  }
  static std::string line(const std::string& action, const std::string& name) {
    return "warning: request denied: user=7 action=" + action + " name=" + name;
  }
};

TEST_F(ServiceRightsTest, OfSavesAreForTheNamesOfTheEndpointAndTheDestination) {
  const Caller saver = someone(Action::save);
  EXPECT_EQ(service.save(saver, SaveEndpoint{10s, "a", "p"}, copy(tcp.first), kNow), Saved::yes);
  const std::size_t before = open_descriptors();
  EXPECT_EQ(service.save(saver, SaveEndpoint{10s, "b", "p"}, copy(tcp.first), kNow), Saved::denied);
  EXPECT_TRUE(comes_to(before));
  EXPECT_THAT(log.take(), ElementsAre(line("save", "b")));
  EXPECT_EQ(service.save(saver, SaveDestination{10s, "a", "p", "a"}, kNow), Saved::yes);
  EXPECT_EQ(service.save(saver, SaveDestination{10s, "b", "p", "a"}, kNow), Saved::denied);
  EXPECT_EQ(service.save(saver, SaveDestination{10s, "a", "p", "b"}, kNow), Saved::denied);
  EXPECT_THAT(log.take(), ElementsAre()) << "one line a minute";
  EXPECT_EQ(service.totals().denied, 3U);
  EXPECT_EQ(service.totals().connections_refused, 1U);
}

TEST_F(ServiceRightsTest, OfLookupsAreForTheNameThatIsLookedUp) {
  const Caller finder = someone(Action::find);
  save("b", copy(tcp.first));
  EXPECT_EQ(service.find(finder, FindEndpoint{"b"}, kNow).error(), NotFound::denied);
  EXPECT_EQ(service.find(finder, FindDestination{"b"}, kNow).error(), NotFound::denied);
  EXPECT_EQ(service.find(finder, FindEndpoint{"a"}, kNow).error(), NotFound::no_connection);
  EXPECT_EQ(service.find(finder, FindDestination{"a"}, kNow).error(), NotFound::no_connection);
  EXPECT_EQ(service.find(someone(Action::save), FindEndpoint{"a"}, kNow).error(), NotFound::denied);
  bind("a", "b");
  EXPECT_TRUE(service.find(finder, FindDestination{"a"}, kNow))
      << "who binds it gives access to the endpoint";
  EXPECT_EQ(service.totals().endpoint_misses, 1U) << "a denied lookup is no miss";
}

TEST_F(ServiceRightsTest, HideTheOtherEntries) {
  save("a", copy(tcp.first));
  save("b", copy(tcp.first));
  std::vector<std::string> seen;
  const auto visit = [&](const Cache::Entry& entry) {
    seen.emplace_back(name_of(entry));
    return Cache::Verdict::keep;
  };
  service.walk(someone(Action::list), Action::list, Cache::kBeginning, 10, visit);
  EXPECT_THAT(seen, ElementsAre("a"));
  seen.clear();
  service.walk(someone(Action::drop), Action::list, Cache::kBeginning, 10, visit);
  EXPECT_THAT(seen, ElementsAre());
}

}  // namespace
}  // namespace scache::server
