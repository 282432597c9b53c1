// SPDX-License-Identifier: Apache-2.0
#include "cache/cache_fixture.hpp"
#include "support/rooms.hpp"

// Limits, each at its boundary. cache_eviction_test.cpp has the order in which entries leave.

namespace scache::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using CacheLimitsTest = CacheTest;

TEST_F(CacheLimitsTest, TheDefaultsAreWhatTheManualSays) {
  const CacheLimits limits;
  EXPECT_EQ(limits.connections, 16'384U);
  EXPECT_EQ(limits.bindings_of_destination, 1'024U);
  EXPECT_EQ(limits.connection_bytes, 67'108'864U);
  EXPECT_EQ(limits.binding_bytes, 268'435'456U);
  EXPECT_EQ(limits.due_of_find, 128U);
  for (const std::size_t none :
       {limits.connections_of_endpoint, limits.connections_of_user, limits.bindings,
        limits.bindings_of_user, limits.connection_bytes_of_user, limits.binding_bytes_of_user}) {
    EXPECT_EQ(none, CacheLimits::kNone);
  }
}

TEST_F(CacheLimitsTest, AsManyConnectionsAsTheLimitAreKept) {
  start({.connections = 3});
  for (const char* endpoint : {"e1", "e1", "e2"}) EXPECT_EQ(save(endpoint, ""), SaveOutcome::saved);
  observer_.take();
  EXPECT_EQ(save("e3", "c"), SaveOutcome::saved);
  EXPECT_THAT(observer_.take(), ElementsAre("saved e3 'c'", "left e1 '' evicted for a share"));
  EXPECT_EQ(cache().connections(), 3U);
  EXPECT_EQ(take("e3"), "c");
}

TEST_F(CacheLimitsTest, AClaimedConnectionCounts) {
  start({.connections = 2});
  save("e", "1");
  save("e", "2");
  auto claim = cache().find_endpoint("e", at(0));
  EXPECT_EQ(cache().connections(), 1U);
  EXPECT_EQ(save("e", "3"), SaveOutcome::saved);
  EXPECT_EQ(cache().connections(), 1U);
  claim->commit();
  EXPECT_EQ(save("e", "4"), SaveOutcome::saved);
  EXPECT_EQ(cache().connections(), 2U);
  EXPECT_EQ(take("e"), "3");
}

TEST_F(CacheLimitsTest, ClaimedConnectionsAreNotEvicted) {
  start({.connections = 1});
  save("e", "1");
  auto claim = cache().find_endpoint("e", at(0));
  observer_.take();
  Line line;
  const std::size_t bytes = cache().bytes();
  EXPECT_EQ(cache().save_connection("e3", "c", at(10), line.kept), SaveOutcome::full);
  // The caller still owns the descriptor, and the cache is unchanged.
  EXPECT_TRUE(line.kept);
  EXPECT_FALSE(line.closed());
  EXPECT_THAT(observer_.take(), IsEmpty());
  EXPECT_EQ(cache().bytes(), bytes);
  EXPECT_EQ(take("e3"), "miss");
  claim.reset();
  EXPECT_EQ(save("e", "2"), SaveOutcome::saved);
  EXPECT_EQ(take("e"), "2");
}

TEST_F(CacheLimitsTest, ClaimedConnectionsUseTheirBytes) {
  const std::size_t size = Connection::bytes_with(1) + Endpoint::bytes_with(1);
  start({.connection_bytes = 2 * size - 1});
  save("e", "1");
  auto claim = cache().find_endpoint("e", at(0));
  EXPECT_EQ(save("f", "2"), SaveOutcome::full);
  claim.reset();
  start({.connection_bytes = 2 * size});
  save("e", "1");
  claim.emplace(*cache().find_endpoint("e", at(0)));
  EXPECT_EQ(save("f", "2"), SaveOutcome::saved);
  EXPECT_EQ(save("f", "3"), SaveOutcome::saved);
  EXPECT_EQ(take("f"), "3");
}

TEST_F(CacheLimitsTest, AConnectionThatComesBackHasItsPlaceStill) {
  start({.connections = 1});
  save("e", "1");
  cache().find_endpoint("e", at(0)).reset();
  EXPECT_EQ(cache().held(), 1U);
  EXPECT_EQ(take("e"), "1");
}

TEST_F(CacheLimitsTest, ExpiryMakesRoom) {
  start({.connections = 1});
  save("e", "1", at(10));
  expire(at(10));
  observer_.take();
  EXPECT_EQ(save("e", "2"), SaveOutcome::saved);
  EXPECT_THAT(observer_.take(), ElementsAre("saved e '2'"));
}

TEST_F(CacheLimitsTest, TheLimitOfConnectionsIsNotOneOfBindings) {
  start({.connections = 0});
  EXPECT_EQ(save("e", "c"), SaveOutcome::full);
  EXPECT_EQ(bind("d", "b", "e"), SaveOutcome::saved);
}

TEST_F(CacheLimitsTest, AConnectionThatJustFitsIsSaved) {
  const std::size_t size = Connection::bytes_with(10) + Endpoint::bytes_with(4);
  const std::string properties(10, 'p');
  start({.connection_bytes = size - 1});
  EXPECT_EQ(save("name", properties), SaveOutcome::full);
  EXPECT_EQ(cache().bytes(), 0U);
  start({.connection_bytes = size});
  EXPECT_EQ(save("name", properties), SaveOutcome::saved);
  EXPECT_EQ(cache().bytes(), size);
  EXPECT_EQ(save("name", properties + "p"), SaveOutcome::full);
  EXPECT_EQ(save("name", properties), SaveOutcome::saved);
  EXPECT_EQ(cache().bytes(), size);
}

TEST_F(CacheLimitsTest, ABindingThatJustFitsIsSaved) {
  const std::size_t size =
      Binding::bytes_with(10) + Endpoint::bytes_with(4) + Destination::bytes_with(5);
  const std::string properties(10, 'p');
  start({.binding_bytes = size - 1});
  EXPECT_EQ(bind("where", properties, "name"), SaveOutcome::full);
  EXPECT_EQ(cache().bytes(), 0U);
  EXPECT_EQ(cache().destinations(), 0U);
  EXPECT_THAT(observer_.take(), IsEmpty());
  start({.binding_bytes = size});
  EXPECT_EQ(bind("where", properties, "name"), SaveOutcome::saved);
  EXPECT_EQ(cache().bytes(), size);
  EXPECT_EQ(bind("where", properties + "p", "name"), SaveOutcome::full);
  EXPECT_EQ(bind("there", properties, "name"), SaveOutcome::saved);
  EXPECT_EQ(cache().bytes(), size);
}

TEST_F(CacheLimitsTest, ABindingIsRenewedWithoutRoom) {
  start({.binding_bytes =
             Binding::bytes_with(1) + Endpoint::bytes_with(1) + Destination::bytes_with(1)});
  EXPECT_EQ(bind("d", "b", "e"), SaveOutcome::saved);
  observer_.take();
  EXPECT_EQ(bind("d", "b", "e", at(2000)), SaveOutcome::renewed);
  EXPECT_THAT(observer_.take(), ElementsAre("renewed d 'b' e"));
}

TEST_F(CacheLimitsTest, BytesNeverPassTheLimitAndComeBack) {
  const CacheLimits limits{.connection_bytes = 2'000, .binding_bytes = 3'000};
  start(limits);
  for (int i = 0; i < 100; ++i) {
    const std::string name(static_cast<std::size_t>(i % 40), 'n');
    ASSERT_EQ(save(name, "c"), SaveOutcome::saved);
    ASSERT_NE(bind(name, "b", name), SaveOutcome::full);
    ASSERT_LE(cache().connection_bytes(), limits.connection_bytes);
    ASSERT_LE(cache().binding_bytes(), limits.binding_bytes);
  }
  expire(at(1000));
  EXPECT_EQ(cache().bytes(), 0U);
  EXPECT_EQ(save("e", "c"), SaveOutcome::saved);
}

TEST_F(CacheLimitsTest, BytesCountNamesOnceInEachBudget) {
  save("name", "1");
  const std::size_t one = cache().connection_bytes();
  EXPECT_EQ(one, Connection::bytes_with(1) + Endpoint::bytes_with(4));
  save("name", "2");
  EXPECT_EQ(cache().connection_bytes(), one + Connection::bytes_with(1));
  EXPECT_EQ(cache().binding_bytes(), 0U);
  bind("where", "b", "name");
  const std::size_t bound =
      Binding::bytes_with(1) + Endpoint::bytes_with(4) + Destination::bytes_with(5);
  EXPECT_EQ(cache().binding_bytes(), bound);
  bind("where", "b", "name");
  EXPECT_EQ(cache().binding_bytes(), bound);
  EXPECT_EQ(cache().connection_bytes(), one + Connection::bytes_with(1));
  EXPECT_EQ(cache().bytes(), cache().connection_bytes() + cache().binding_bytes());
}

TEST_F(CacheLimitsTest, AnEndpointIsCountedForThoseWhoUseIt) {
  bind("d", "b", "e");
  EXPECT_EQ(cache().connection_bytes(), 0U);
  save("e", "c");
  {
    const auto claim = cache().find_endpoint("e", at(0));
    EXPECT_EQ(cache().connection_bytes(), Connection::bytes_with(1) + Endpoint::bytes_with(1));
  }
  take("e");
  EXPECT_EQ(cache().connection_bytes(), 0U);
  save("e", "c");
  cache().drop_bindings("d");
  EXPECT_EQ(cache().binding_bytes(), 0U);
  EXPECT_EQ(cache().connection_bytes(), Connection::bytes_with(1) + Endpoint::bytes_with(1));
}

TEST_F(CacheLimitsTest, NeitherTakesTheOthersRoom) {
  start({.connection_bytes = 5'000, .binding_bytes = 5'000});
  for (int i = 0; i < 100; ++i) bind(fmt::format("d{}", i), "b", "e");
  const std::size_t bindings = cache().bindings();
  for (int i = 0; i < 100; ++i) save("e", "c");
  const std::size_t connections = cache().connections();
  EXPECT_EQ(cache().bindings(), bindings);
  for (int i = 0; i < 100; ++i) bind(fmt::format("f{}", i), "b", "e");
  EXPECT_EQ(cache().connections(), connections);
  EXPECT_EQ(cache().bindings(), bindings);
  EXPECT_GT(bindings, 10U);
  EXPECT_GT(connections, 10U);
}

TEST_F(CacheLimitsTest, AnEndpointHasAsManyConnectionsAsItsLimit) {
  start({.connections_of_endpoint = 2});
  for (const char* properties : {"1", "2"}) save("e", properties);
  save("f", "f");
  observer_.take();
  EXPECT_EQ(save("e", "3"), SaveOutcome::saved);
  EXPECT_THAT(observer_.take(), ElementsAre("saved e '3'", "left e '1' evicted for its endpoint"));
  // Claimed ones count, and stay.
  auto second = cache().find_endpoint("e", at(0));
  EXPECT_EQ(save("e", "4"), SaveOutcome::saved);
  EXPECT_EQ(cache().held(), 3U);
  auto fourth = cache().find_endpoint("e", at(0));
  EXPECT_EQ(fourth->record().properties, "4");
  observer_.take();
  EXPECT_EQ(save("e", "5"), SaveOutcome::full);
  EXPECT_THAT(observer_.take(), IsEmpty());
  second->commit();
  EXPECT_EQ(save("e", "5"), SaveOutcome::saved);
}

TEST_F(CacheLimitsTest, AUserHasAsManyConnectionsAsItsLimit) {
  start({.connections_of_user = 2});
  for (const char* properties : {"1", "2"}) save("e", properties, at(1000), 7);
  save("e", "other", at(1000), 8);
  observer_.take();
  EXPECT_EQ(save("e", "3", at(1000), 7), SaveOutcome::saved);
  EXPECT_THAT(observer_.take(), ElementsAre("saved e '3'", "left e '1' evicted for its user"));
  auto second = cache().find_endpoint("e", at(0));
  EXPECT_EQ(take("e"), "other");
  auto third = cache().find_endpoint("e", at(0));
  EXPECT_EQ(save("e", "4", at(1000), 7), SaveOutcome::full);
  EXPECT_EQ(save("e", "4", at(1000), 8), SaveOutcome::saved);
  third.reset();
  EXPECT_EQ(save("e", "5", at(1000), 7), SaveOutcome::saved);
}

TEST_F(CacheLimitsTest, AUserHasAsManyBytesOfConnectionsAsItsLimit) {
  const std::size_t size = Connection::bytes_with(1) + Endpoint::bytes_with(1);
  start({.connection_bytes_of_user = 2 * size});
  for (const char* properties : {"1", "2"}) save("e", properties, at(1000), 7);
  observer_.take();
  EXPECT_EQ(save("e", "three", at(1000), 7), SaveOutcome::saved);
  EXPECT_THAT(observer_.take(), ElementsAre("saved e 'three'", "left e '1' evicted for its user",
                                            "left e '2' evicted for its user"));
  const std::string longest(size + 1, 'p');
  EXPECT_EQ(save("e", longest, at(1000), 7), SaveOutcome::saved);
  EXPECT_EQ(save("e", longest + "p", at(1000), 7), SaveOutcome::full);
  EXPECT_EQ(cache().connections(), 1U);
}

TEST_F(CacheLimitsTest, AllBindingsAndThoseOfAUserHaveLimits) {
  start({.bindings = 4, .bindings_of_user = 2});
  for (const char* destination : {"1", "2"}) bind(destination, "b", "e", at(1000), 7);
  for (const char* destination : {"3", "4"}) bind(destination, "b", "e", at(1000), 8);
  observer_.take();
  EXPECT_EQ(bind("5", "b", "e", at(1000), 8), SaveOutcome::saved);
  EXPECT_THAT(observer_.take(),
              ElementsAre("bound 5 'b' e", "unbound 3 'b' e evicted for its user"));
  EXPECT_EQ(bind("6", "b", "e", at(1000), 9), SaveOutcome::saved);
  EXPECT_THAT(observer_.take(),
              ElementsAre("bound 6 'b' e", "unbound 1 'b' e evicted for a share"));
  EXPECT_EQ(cache().bindings(), 4U);
  for (const CacheLimits& none : {CacheLimits{.bindings = 0}, CacheLimits{.bindings_of_user = 0}}) {
    start(none);
    EXPECT_EQ(bind("d", "b", "e"), SaveOutcome::full);
  }
}

TEST_F(CacheLimitsTest, AUserHasAsManyBytesOfBindingsAsItsLimit) {
  const std::size_t size =
      Binding::bytes_with(1) + Endpoint::bytes_with(1) + Destination::bytes_with(1);
  start({.binding_bytes_of_user = 2 * size});
  for (const char* destination : {"1", "2", "3"}) bind(destination, "b", "e", at(1000), 7);
  EXPECT_EQ(cache().bindings(), 2U);
  bind("4", "b", "e", at(1000), 8);
  EXPECT_EQ(cache().bindings(), 3U);
  EXPECT_EQ(bind("5", std::string(size + 2, 'p'), "e", at(1000), 7), SaveOutcome::full);
  EXPECT_EQ(bind("5", std::string(size + 1, 'p'), "e", at(1000), 7), SaveOutcome::saved);
  EXPECT_EQ(cache().bindings(), 2U);
}

}  // namespace
}  // namespace scache::test
