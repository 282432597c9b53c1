// SPDX-License-Identifier: Apache-2.0
#include <scache/client.h>

#include <string>

#include "client/c_objects.hpp"
#include "client/channel_fixture.hpp"

namespace scache::client {
namespace {

using std::chrono::milliseconds;

std::string text(scache_bytes bytes) {
  EXPECT_NE(bytes.data, nullptr);
  return {bytes.data, bytes.size};
}

class ResultsInC : public test::DescriptorCensus {};

TEST_F(ResultsInC, TellOfAConnection) {
  const int pipe = test::pipe_pair().first.release();
  auto* const connection = new scache_connection{{.descriptor = Descriptor{pipe},
                                                  .endpoint = "e",
                                                  .endpoint_properties = "ep",
                                                  .destination_properties = "dp",
                                                  .id = 1,
                                                  .uses = 2,
                                                  .age = milliseconds{3},
                                                  .idle = milliseconds{4}},
                                                 5};
  EXPECT_EQ(::scache_connection_descriptor(connection), pipe);
  EXPECT_EQ(text(::scache_connection_endpoint(connection)), "e");
  EXPECT_EQ(text(::scache_connection_endpoint_properties(connection)), "ep");
  EXPECT_EQ(text(::scache_connection_destination_properties(connection)), "dp");
  EXPECT_EQ(::scache_connection_id(connection), 1U);
  EXPECT_EQ(::scache_connection_uses(connection), 2U);
  EXPECT_EQ(::scache_connection_age_ms(connection), 3);
  EXPECT_EQ(::scache_connection_idle_ms(connection), 4);
  EXPECT_EQ(::scache_connection_saved_bindings(connection), 5U);
  // A find that finds nothing returns no connection.
  EXPECT_EQ(::scache_connection_set_endpoint(nullptr, {"e", 1}), SCACHE_E_SYSTEM);
  EXPECT_EQ(::scache_connection_set_properties(nullptr, {"p", 1}), SCACHE_E_SYSTEM);
  EXPECT_EQ(::scache_connection_set_endpoint(connection, {"\0", 1}), 0);
  EXPECT_EQ(text(::scache_connection_endpoint(connection)), std::string(1, '\0'));
  EXPECT_EQ(::scache_connection_set_properties(connection, ::scache_text("")), 0);
  EXPECT_EQ(text(::scache_connection_endpoint_properties(connection)), "");
  ::scache_connection_free(connection);
  EXPECT_FALSE(test::is_open(pipe));
}

TEST_F(ResultsInC, GiveTheDescriptorAway) {
  scache_connection connection{{.descriptor = Descriptor{test::pipe_pair().first.release()}}};
  const Fd mine{::scache_connection_release(&connection)};
  EXPECT_TRUE(test::is_open(mine.get()));
  EXPECT_EQ(::scache_connection_descriptor(&connection), -1);
  EXPECT_EQ(::scache_connection_release(&connection), -1);
}

TEST_F(ResultsInC, TellOfAnEntry) {
  Entry told{.kind = Entry::Kind::binding,
             .endpoint = "e",
             .destination = "d",
             .properties = "p",
             .ttl = milliseconds{1},
             .id = 2,
             .uses = 3,
             .age = milliseconds{4},
             .idle = milliseconds{5},
             .owner = 6};
  const scache_entry entry{told};
  EXPECT_EQ(::scache_entry_kind(&entry), SCACHE_BINDINGS);
  EXPECT_EQ(text(::scache_entry_endpoint(&entry)), "e");
  EXPECT_EQ(text(::scache_entry_destination(&entry)), "d");
  EXPECT_EQ(text(::scache_entry_properties(&entry)), "p");
  EXPECT_EQ(::scache_entry_ttl_ms(&entry), 1);
  EXPECT_EQ(::scache_entry_id(&entry), 2U);
  EXPECT_EQ(::scache_entry_uses(&entry), 3U);
  EXPECT_EQ(::scache_entry_age_ms(&entry), 4);
  EXPECT_EQ(::scache_entry_idle_ms(&entry), 5);
  EXPECT_EQ(::scache_entry_owner(&entry), 6U);
  told.kind = Entry::Kind::connection;
  EXPECT_EQ(::scache_entry_kind(&entry), SCACHE_CONNECTIONS);
}

TEST_F(ResultsInC, TellOfAStatistic) {
  const Statistic told{.name = "finds", .value = 7};
  const scache_statistic statistic{told};
  EXPECT_EQ(text(::scache_statistic_name(&statistic)), "finds");
  EXPECT_EQ(::scache_statistic_value(&statistic), 7U);
}

}  // namespace
}  // namespace scache::client
