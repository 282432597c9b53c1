// SPDX-License-Identifier: Apache-2.0
#include "cache/cache_fixture.hpp"
#include "support/rooms.hpp"

// Limits, each at its boundary.

namespace scache::test {
namespace {

using testing::IsEmpty;

using CacheLimitsTest = CacheTest;

TEST_F(CacheLimitsTest, TheDefaultsAreWhatTheManualSays) {
  const CacheLimits limits;
  EXPECT_EQ(limits.connections, 16'384U);
  EXPECT_EQ(limits.bindings_of_destination, 1'024U);
  EXPECT_EQ(limits.connection_bytes, 67'108'864U);
  EXPECT_EQ(limits.binding_bytes, 268'435'456U);
  EXPECT_EQ(limits.due_of_find, 128U);
}

TEST_F(CacheLimitsTest, AsManyConnectionsAsTheLimitAreKept) {
  start({.connections = 3});
  for (const char* endpoint : {"e1", "e1", "e2"}) EXPECT_EQ(save(endpoint, ""), SaveOutcome::saved);
  observer_.take();
  Line line;
  const std::size_t bytes = cache().bytes();
  EXPECT_EQ(cache().save_connection("e3", "c", at(10), line.kept), SaveOutcome::full);
  // The caller still owns the descriptor, and the cache is unchanged.
  EXPECT_TRUE(line.kept);
  EXPECT_FALSE(line.closed());
  EXPECT_THAT(observer_.take(), IsEmpty());
  EXPECT_EQ(cache().connections(), 3U);
  EXPECT_EQ(cache().bytes(), bytes);
  EXPECT_EQ(take("e3"), "miss");
}

TEST_F(CacheLimitsTest, AClaimedConnectionCounts) {
  start({.connections = 2});
  save("e", "1");
  save("e", "2");
  auto claim = cache().find_endpoint("e", at(0));
  EXPECT_EQ(cache().connections(), 1U);
  EXPECT_EQ(save("e", "3"), SaveOutcome::full);
  claim->commit();
  EXPECT_EQ(save("e", "3"), SaveOutcome::saved);
  EXPECT_EQ(save("e", "4"), SaveOutcome::full);
}

TEST_F(CacheLimitsTest, AConnectionThatComesBackHasItsPlaceStill) {
  start({.connections = 1});
  save("e", "1");
  cache().find_endpoint("e", at(0)).reset();
  EXPECT_EQ(cache().held(), 1U);
  EXPECT_EQ(save("e", "2"), SaveOutcome::full);
  EXPECT_EQ(take("e"), "1");
}

TEST_F(CacheLimitsTest, ExpiryMakesRoom) {
  start({.connections = 1});
  save("e", "1", at(10));
  EXPECT_EQ(save("e", "2"), SaveOutcome::full);
  expire(at(10));
  EXPECT_EQ(save("e", "2"), SaveOutcome::saved);
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
  EXPECT_EQ(save("name", ""), SaveOutcome::full);
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
}

TEST_F(CacheLimitsTest, ABindingIsRenewedWithoutRoom) {
  start({.binding_bytes =
             Binding::bytes_with(1) + Endpoint::bytes_with(1) + Destination::bytes_with(1)});
  EXPECT_EQ(bind("d", "b", "e"), SaveOutcome::saved);
  EXPECT_EQ(bind("d", "c", "e"), SaveOutcome::full);
  EXPECT_EQ(bind("d", "b", "e", at(2000)), SaveOutcome::renewed);
}

TEST_F(CacheLimitsTest, BytesNeverPassTheLimitAndComeBack) {
  const CacheLimits limits{.connection_bytes = 2'000, .binding_bytes = 3'000};
  start(limits);
  int refused = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string name(static_cast<std::size_t>(i % 40), 'n');
    if (save(name, "c") == SaveOutcome::full) ++refused;
    if (bind(name, "b", name) == SaveOutcome::full) ++refused;
    ASSERT_LE(cache().connection_bytes(), limits.connection_bytes);
    ASSERT_LE(cache().binding_bytes(), limits.binding_bytes);
  }
  EXPECT_GT(refused, 100);
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
  int bindings = 0;
  while (bind(fmt::format("d{}", bindings), "b", "e") == SaveOutcome::saved) ++bindings;
  EXPECT_EQ(save("e", "c"), SaveOutcome::saved);
  int connections = 1;
  while (save("e", "c") == SaveOutcome::saved) ++connections;
  cache().drop_bindings("d0");
  EXPECT_EQ(bind("d0", "b", "e"), SaveOutcome::saved);
  EXPECT_GT(bindings, 10);
  EXPECT_GT(connections, 10);
}

}  // namespace
}  // namespace scache::test
