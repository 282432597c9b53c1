// SPDX-License-Identifier: Apache-2.0
#include "server/change_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/recording_log.hpp"

namespace scache::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Instant kNow{std::chrono::seconds{1'000}};

class ChangeLogTest : public ::testing::Test {
 protected:
  test::RecordingLog log;
  ChangeLog changes{log};
  const Provenance provenance{.owner = 1'000};
  const ConnectionRecord connection{"e", "p", kNow, 1, 7, provenance};
  const BindingRecord binding{"d", "dp", "e", kNow, 2, 1'001};
};

TEST_F(ChangeLogTest, LogsEachChangeAsADetail) {
  log.set_verbose(true);
  changes.connection_saved(connection);
  changes.connection_left(connection, Departure::found);
  changes.binding_saved(binding);
  changes.binding_renewed(binding);
  changes.binding_left(binding, Departure::dropped);
  EXPECT_THAT(log.take(), ElementsAre("connection saved: endpoint=e properties=p fd=7",
                                      "connection found: endpoint=e properties=p fd=7",
                                      "binding saved: destination=d properties=dp endpoint=e",
                                      "binding renewed: destination=d properties=dp endpoint=e",
                                      "binding dropped: destination=d properties=dp endpoint=e"));
}

TEST_F(ChangeLogTest, LogsTheReasonOfADeparture) {
  log.set_verbose(true);
  for (const Departure why :
       {Departure::expired, Departure::dropped, Departure::withdrawn, Departure::dead}) {
    changes.connection_left(connection, why);
  }
  EXPECT_THAT(log.take(), ElementsAre("connection expired: endpoint=e properties=p fd=7",
                                      "connection dropped: endpoint=e properties=p fd=7",
                                      "connection dropped: endpoint=e properties=p fd=7",
                                      "connection dead: endpoint=e properties=p fd=7"));
}

TEST_F(ChangeLogTest, LogsTheReasonOfAnEvictionAndTheUser) {
  log.set_verbose(true);
  changes.connection_left(connection, Departure::evicted_for_endpoint);
  changes.binding_left(binding, Departure::evicted_for_destination);
  changes.connection_left(connection, Departure::evicted_for_user);
  changes.binding_left(binding, Departure::evicted_for_share);
  EXPECT_THAT(
      log.take(),
      ElementsAre("connection evicted for its endpoint: endpoint=e properties=p fd=7 user=1000",
                  "binding evicted for its destination: destination=d properties=dp endpoint=e "
                  "user=1001",
                  "connection evicted for its user: endpoint=e properties=p fd=7 user=1000",
                  "binding evicted for a share: destination=d properties=dp endpoint=e user=1001"));
}

TEST_F(ChangeLogTest, LogsNothingWithoutDetails) {
  changes.connection_saved(connection);
  changes.binding_left(binding, Departure::expired);
  EXPECT_THAT(log.take(), IsEmpty());
}

}  // namespace
}  // namespace scache::server
