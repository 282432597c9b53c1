// SPDX-License-Identifier: Apache-2.0
#include "standalone/configuration.hpp"

#include <gtest/gtest.h>

namespace scache::standalone {
namespace {

TEST(Configuration, HandsOutTheOldestFirstUntilItIsToldOtherwise) {
  EXPECT_FALSE(Configuration{}.hand_out("e").newest_first);
  EXPECT_FALSE(Configuration{}.hand_out("e").allow_input);
}

TEST(Configuration, TheFirstRuleThatMatchesHolds) {
  Configuration configuration;
  configuration.hand_outs = {{"db-old*", {.allow_input = true}},
                             {"db*", {.newest_first = true}},
                             {"*", {.allow_input = true}}};
  EXPECT_TRUE(configuration.hand_out("db-1").newest_first);
  EXPECT_FALSE(configuration.hand_out("db-old-1").newest_first);
  EXPECT_FALSE(configuration.hand_out("web").newest_first);
  EXPECT_FALSE(configuration.hand_out("db-1").allow_input);
  EXPECT_TRUE(configuration.hand_out("db-old-1").allow_input);
  EXPECT_TRUE(configuration.hand_out("web").allow_input);
}

TEST(Configuration, GivesAccessToTheUsersAndGroupsItNames) {
  Configuration configuration;
  configuration.users = {{"somebody", 600}};
  configuration.groups = {{"", 70}};
  configuration.grants = {{.users = {{"", 602}}, .groups = {{"", 71}}, .names = {"a*"}}};
  const Access access = configuration.access(configuration.sockets().front(), 500, {});
  EXPECT_TRUE(access.rights_of({1, 500, 9}, {}).allow(Action::find, "b"));
  EXPECT_TRUE(access.rights_of({1, 600, 9}, {}).allow(Action::find, "b"));
  EXPECT_TRUE(access.rights_of({1, 601, 70}, {}).allow(Action::find, "b"));
  EXPECT_TRUE(access.rights_of({1, 601, 9}, {}).none());
  EXPECT_TRUE(access.rights_of({1, 602, 9}, {}).allow(Action::find, "a"));
  EXPECT_FALSE(access.rights_of({1, 601, 71}, {}).allow(Action::find, "b"));
}

TEST(Configuration, AdmitsOthersThroughEachOfItsKeys) {
  EXPECT_FALSE(Configuration{}.admits_others());
  Configuration configuration;
  configuration.grants = {{.users = {{"", 602}}}};
  EXPECT_TRUE(configuration.admits_others());
  configuration.grants.clear();
  configuration.listens = {{.path = "/p"}};
  EXPECT_FALSE(configuration.admits_others());
  configuration.listens[0].groups = {{"", 70}};
  EXPECT_TRUE(configuration.admits_others());
}

TEST(Configuration, ASocketHasItsOwnUsersAndTheGrants) {
  Configuration configuration;
  configuration.users = {{"", 600}};
  configuration.listens = {{.path = "/p", .users = {{"", 601}}}};
  configuration.grants = {{.users = {{"", 602}}}};
  const auto sockets = configuration.sockets();
  ASSERT_EQ(sockets.size(), 2U);
  const Access first = configuration.access(sockets[0], 500, {});
  const Access second = configuration.access(sockets[1], 500, {});
  EXPECT_FALSE(first.rights_of({1, 600, 9}, {}).none());
  EXPECT_TRUE(first.rights_of({1, 601, 9}, {}).none());
  EXPECT_TRUE(second.rights_of({1, 600, 9}, {}).none());
  EXPECT_FALSE(second.rights_of({1, 601, 9}, {}).none());
  EXPECT_FALSE(second.rights_of({1, 602, 9}, {}).none());
}

TEST(Configuration, TheShortestIntervalOfTheStatisticsCounts) {
  Configuration configuration;
  EXPECT_EQ(configuration.shortest_statistics_interval(), std::chrono::minutes{10});
  configuration.listens = {{.path = "/p"}, {.path = "/q"}};
  configuration.listens[1].main_cf =
      PostfixSettings{.statistics_interval = std::chrono::minutes{3}};
  EXPECT_EQ(configuration.shortest_statistics_interval(), std::chrono::minutes{3});
  configuration.statistics_interval = std::chrono::minutes{1};
  EXPECT_EQ(configuration.shortest_statistics_interval(), std::chrono::minutes{1});
}

TEST(Configuration, SaysWhereTheSocketIsAndWhose) {
  Configuration configuration;
  configuration.socket_path = "/s";
  EXPECT_EQ(configuration.sockets().front().place().owner, static_cast<uid_t>(-1));
  EXPECT_EQ(configuration.sockets().front().place().group, static_cast<gid_t>(-1));
  EXPECT_EQ(configuration.sockets().front().place().mode, mode_t{0600});
  configuration.socket_owner = Identity{"somebody", 600};
  configuration.socket_group = Identity{"", 70};
  configuration.socket_mode = 0660;
  const Place place = configuration.sockets().front().place();
  EXPECT_EQ(place.path, "/s");
  EXPECT_EQ(place.owner, uid_t{600});
  EXPECT_EQ(place.group, gid_t{70});
  EXPECT_EQ(place.mode, mode_t{0660});
}

TEST(Configuration, KnowsWhatAReloadDoesNotChange) {
  const Configuration old;
  EXPECT_EQ(differs_until_restart(old, old), "");
  Configuration now;
  now.ttl_limit = Duration{1};
  now.users = {{"", 5}};
  now.log_level = LogLevel::debug;
  now.request_time = Duration{1};
  EXPECT_EQ(differs_until_restart(old, now), "");
  now.listens = {{.path = "/p"}};
  EXPECT_EQ(differs_until_restart(old, now), "socket");
  now.listens.clear();
  now.socket_mode = 0666;
  EXPECT_EQ(differs_until_restart(old, now), "socket");
  now.clients = 5;
  EXPECT_EQ(differs_until_restart(old, now), "socket and limits");
  now.socket_mode = old.socket_mode;
  EXPECT_EQ(differs_until_restart(old, now), "limits");
  for (std::size_t Configuration::* const limit :
       {&Configuration::connections_of_endpoint, &Configuration::connections_of_user,
        &Configuration::bindings, &Configuration::bindings_of_user,
        &Configuration::connection_bytes_of_user, &Configuration::binding_bytes_of_user}) {
    Configuration other;
    other.*limit = 5;
    EXPECT_EQ(differs_until_restart(old, other), "limits");
  }
}

TEST(Configuration, HasTheLimitsOfTheCache) {
  const CacheLimits usual = Configuration{}.cache_limits(7);
  EXPECT_EQ(usual.connections, 7u);
  for (const std::size_t none :
       {usual.connections_of_endpoint, usual.connections_of_user, usual.bindings,
        usual.bindings_of_user, usual.connection_bytes_of_user, usual.binding_bytes_of_user}) {
    EXPECT_EQ(none, CacheLimits::kNone);
  }
  EXPECT_EQ(usual.bindings_of_destination, 1'024u);
  EXPECT_EQ(usual.connection_bytes, std::size_t{64} << 20);
  EXPECT_EQ(usual.binding_bytes, std::size_t{256} << 20);
  Configuration configuration;
  configuration.connections_of_endpoint = 10;
  configuration.connections_of_user = 11;
  configuration.bindings = 12;
  configuration.bindings_of_destination = 13;
  configuration.bindings_of_user = 14;
  configuration.connection_bytes = 15;
  configuration.connection_bytes_of_user = 16;
  configuration.binding_bytes = 17;
  configuration.binding_bytes_of_user = 18;
  const CacheLimits limits = configuration.cache_limits(9);
  EXPECT_EQ(limits.connections_of_endpoint, 10u);
  EXPECT_EQ(limits.connections_of_user, 11u);
  EXPECT_EQ(limits.bindings, 12u);
  EXPECT_EQ(limits.bindings_of_destination, 13u);
  EXPECT_EQ(limits.bindings_of_user, 14u);
  EXPECT_EQ(limits.connection_bytes, 15u);
  EXPECT_EQ(limits.connection_bytes_of_user, 16u);
  EXPECT_EQ(limits.binding_bytes, 17u);
  EXPECT_EQ(limits.binding_bytes_of_user, 18u);
}

}  // namespace
}  // namespace scache::standalone
