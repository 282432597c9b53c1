// SPDX-License-Identifier: Apache-2.0
#include "standalone/configuration_keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "standalone/configuration_texts.hpp"

namespace scache::standalone {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

// The error for one value, after its position.
std::string complaint(const std::string& table, const std::string& line) {
  const auto all = complaints("[" + table + "]\n" + line + "\n");
  return all.size() == 1 ? all.front() : std::to_string(all.size()) + " complaints";
}

TEST(ConfigurationKeys, OfTheSocket) {
  const Configuration all =
      read("[socket]\npath = '/a/b'\nowner = 'app'\ngroup = 'apps'\nmode = '0660'\n");
  EXPECT_EQ(all.socket_path, "/a/b");
  ASSERT_TRUE(all.socket_owner && all.socket_group);
  EXPECT_EQ(all.socket_owner->number, 600u);
  EXPECT_EQ(all.socket_owner->name, "app");
  EXPECT_EQ(all.socket_group->number, 70u);
  EXPECT_EQ(all.socket_mode, mode_t{0660});
  EXPECT_FALSE(read("[socket]\nowner = ''\n").socket_owner);
  EXPECT_EQ(read("[socket]\nowner = 12\n").socket_owner->number, 12u);
  EXPECT_EQ(read("[socket]\nmode = '777'\n").socket_mode, mode_t{0777});
}

TEST(ConfigurationKeys, OfTheSocketThatAreWrong) {
  const std::string path = "f:2:8: socket.path must be an absolute path of at most 107 bytes";
  EXPECT_EQ(complaint("socket", "path = 'a'"), path);
  EXPECT_EQ(complaint("socket", "path = 5"), path);
  EXPECT_EQ(complaint("socket", "path = '/" + std::string(107, 'x') + "'"), path);
  EXPECT_EQ(complaint("socket", "path = \"/a\\u0000b\""), path);
  read("[socket]\npath = '/" + std::string(106, 'x') + "'\n");

  const std::string mode = "f:2:8: socket.mode must be an octal number from \"0000\" to \"0777\"";
  for (const char* value : {"'08'", "'0800'", "'1777'", "'00777'", "'rw'", "0o600", "600", "''"}) {
    EXPECT_EQ(complaint("socket", std::string{"mode = "} + value), mode) << value;
  }
  EXPECT_EQ(complaint("socket", "owner = 'me'"), "f:2:9: socket.owner: unknown user \"me\"");
  EXPECT_EQ(complaint("socket", "group = 'us'"), "f:2:9: socket.group: unknown group \"us\"");
  for (const char* value : {"-1", "4294967295", "1.5", "true", "[]"}) {
    EXPECT_EQ(complaint("socket", std::string{"owner = "} + value),
              "f:2:9: socket.owner must be the name or the number of a user")
        << value;
  }
}

TEST(ConfigurationKeys, OfAccess) {
  const Configuration all = read("[access]\nusers = ['app', 5]\ngroups = ['apps', 4294967294]\n");
  ASSERT_EQ(all.users.size(), 2u);
  EXPECT_EQ(all.users[0].number, 600u);
  EXPECT_EQ(all.users[1].number, 5u);
  ASSERT_EQ(all.groups.size(), 2u);
  EXPECT_EQ(all.groups[0].number, 70u);
  EXPECT_EQ(all.groups[1].number, 4'294'967'294u);
}

TEST(ConfigurationKeys, OfAccessThatAreWrong) {
  EXPECT_EQ(complaint("access", "users = 'app'"), "f:2:9: access.users must be a list of users");
  EXPECT_EQ(complaint("access", "groups = 5"), "f:2:10: access.groups must be a list of groups");
  EXPECT_THAT(complaints("[access]\nusers = ['app',\n  'who', -1,\n  'me']\n"),
              ElementsAre("f:3:3: access.users: unknown user \"who\"",
                          "f:3:10: access.users must be the name or the number of a user",
                          "f:4:3: access.users: unknown user \"me\""));
}

TEST(ConfigurationKeys, OfTimes) {
  EXPECT_EQ(read("[ttl]\ndefault = '100ms'\n").ttl_default, 100ms);
  EXPECT_EQ(read("[ttl]\nlimit = '5m'\n").ttl_limit, 5min);
  EXPECT_EQ(read("[limits]\nrequest_time = '2m'\n").request_time, 2min);
  EXPECT_EQ(read("[statistics]\ninterval = '7s'\n").statistics_interval, 7s);
}

TEST(ConfigurationKeys, OfTimesThatAreWrong) {
  for (const char* value : {"5", "'5'", "'5x'", "''", "true", "['5s']", "'-5s'"}) {
    EXPECT_EQ(complaint("ttl", std::string{"limit = "} + value),
              "f:2:9: ttl.limit must be a time such as \"100ms\", \"30s\", \"5m\"")
        << value;
  }
  EXPECT_EQ(complaint("ttl", "default = '0s'"), "f:2:11: ttl.default must be from 1ms to 365d");
  EXPECT_EQ(complaint("ttl", "limit = '366d'"), "f:2:9: ttl.limit must be from 1ms to 365d");
  EXPECT_EQ(complaint("limits", "request_time = '99ms'"),
            "f:2:16: limits.request_time must be from 100ms to 1d");
  EXPECT_EQ(complaint("statistics", "interval = '999ms'"),
            "f:2:12: statistics.interval must be from 1s to 365d");
}

TEST(ConfigurationKeys, ADefaultIsNotMoreThanItsLimit) {
  const std::string text = "ttl.default must not exceed ttl.limit";
  EXPECT_EQ(complaint("ttl", "default = '2h'"), "f:2:11: " + text);
  EXPECT_THAT(complaints("[ttl]\nlimit = '1s'\ndefault = '2s'\n"), ElementsAre("f:3:11: " + text));
  read("[ttl]\nlimit = '1s'\ndefault = '1s'\n");
  // A default that is not set follows the limit.
  EXPECT_EQ(read("[ttl]\nlimit = '29s'\n").ttl_default, 29s);
  EXPECT_EQ(read("[ttl]\nlimit = '31s'\n").ttl_default, 30s);
}

TEST(ConfigurationKeys, OfLimits) {
  const Configuration all = read(
      "[limits]\nclients = 5\nconnections = 6\nbindings_of_destination = 7\n"
      "connection_bytes = 1048576\nbinding_bytes = 2097152\nname_bytes = 8\nproperties_bytes = "
      "9\nconnections_of_endpoint = 10\nconnections_of_user = 11\nbindings = 12\n"
      "bindings_of_user = 13\nconnection_bytes_of_user = 14\nbinding_bytes_of_user = 15\n");
  EXPECT_EQ(all.clients, 5u);
  EXPECT_EQ(all.connections, 6u);
  EXPECT_EQ(all.bindings_of_destination, 7u);
  EXPECT_EQ(all.connection_bytes, 1'048'576u);
  EXPECT_EQ(all.binding_bytes, 2'097'152u);
  EXPECT_EQ(all.name_bytes, 8u);
  EXPECT_EQ(all.properties_bytes, 9u);
  EXPECT_EQ(all.connections_of_endpoint, 10u);
  EXPECT_EQ(all.connections_of_user, 11u);
  EXPECT_EQ(all.bindings, 12u);
  EXPECT_EQ(all.bindings_of_user, 13u);
  EXPECT_EQ(all.connection_bytes_of_user, 14u);
  EXPECT_EQ(all.binding_bytes_of_user, 15u);
}

TEST(ConfigurationKeys, OfLimitsThatAreWrong) {
  for (const char* value : {"'5'", "5.0", "true", "[]"}) {
    EXPECT_EQ(complaint("limits", std::string{"clients = "} + value),
              "f:2:11: limits.clients must be a whole number")
        << value;
  }
  EXPECT_EQ(complaint("limits", "clients = -1"), "f:2:11: limits.clients must be 0 or more");
  EXPECT_EQ(complaint("limits", "connections = -1"),
            "f:2:15: limits.connections must be 0 or more");
  for (const char* key :
       {"connections_of_endpoint", "connections_of_user", "bindings", "bindings_of_user",
        "connection_bytes_of_user", "binding_bytes_of_user"}) {
    EXPECT_THAT(complaint("limits", std::string{key} + " = -1"),
                testing::EndsWith(std::string{"limits."} + key + " must be 0 or more"));
  }
  EXPECT_EQ(complaint("limits", "connection_bytes = 1048575"),
            "f:2:20: limits.connection_bytes must be 1048576 or more");
  EXPECT_EQ(complaint("limits", "binding_bytes = 1048575"),
            "f:2:17: limits.binding_bytes must be 1048576 or more");
  for (const char* value : {"0", "65537"}) {
    EXPECT_EQ(complaint("limits", std::string{"bindings_of_destination = "} + value),
              "f:2:27: limits.bindings_of_destination must be from 1 to 65536");
    EXPECT_EQ(complaint("limits", std::string{"properties_bytes = "} + value),
              "f:2:20: limits.properties_bytes must be from 1 to 65536");
  }
  for (const char* value : {"0", "16385"}) {
    EXPECT_EQ(complaint("limits", std::string{"name_bytes = "} + value),
              "f:2:14: limits.name_bytes must be from 1 to 16384");
  }
}

TEST(ConfigurationKeys, OfTheLog) {
  EXPECT_EQ(read("[log]\ntarget = 'stderr'\n").log_target, LogTarget::standard_error);
  EXPECT_EQ(read("[log]\ntarget = 'syslog'\n").log_target, LogTarget::syslog);
  EXPECT_EQ(read("[log]\nlevel = 'error'\n").log_level, LogLevel::error);
  EXPECT_EQ(read("[log]\nlevel = 'warning'\n").log_level, LogLevel::warning);
  EXPECT_EQ(read("[log]\nlevel = 'info'\n").log_level, LogLevel::info);
  EXPECT_EQ(read("[log]\nlevel = 'debug'\n").log_level, LogLevel::debug);
  EXPECT_EQ(complaint("log", "target = 'file'"),
            "f:2:10: log.target must be one of \"stderr\", \"syslog\"");
  EXPECT_EQ(complaint("log", "level = 5"),
            "f:2:9: log.level must be one of \"error\", \"warning\", \"info\", \"debug\"");
}

TEST(ConfigurationKeys, ThatNobodyKnows) {
  EXPECT_THAT(complaints("[ttl]\nlimt = '5s'\nlimit = '1s'\n[limit]\na = 1\n"),
              ElementsAre("f:2:1: unknown key ttl.limt", "f:4:2: unknown key limit"));
  EXPECT_THAT(complaints("path = '/a'\n"), ElementsAre("f:1:1: unknown key path"));
  EXPECT_THAT(complaints("ttl = '5s'\n"), ElementsAre("f:1:7: ttl must be a table, written [ttl]"));
}

TEST(ConfigurationKeys, AreAllTestedHere) {
  EXPECT_EQ(configuration_keys(some_accounts()).size(), 25u);
}

TEST(Quoted, IsWhatTomlReads) {
  for (const std::string text : {"x", "a b", "a\"b\\c", "line\nline\t\x01\x7f", "r\xc3\xa9"}) {
    const auto table = toml::parse("x = " + in_quotes(text));
    EXPECT_EQ(table["x"].value<std::string>(), text);
  }
}

}  // namespace
}  // namespace scache::standalone
