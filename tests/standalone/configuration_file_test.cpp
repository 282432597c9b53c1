// SPDX-License-Identifier: Apache-2.0
#include "standalone/configuration_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "standalone/some_accounts.hpp"
#include "support/scratch.hpp"

namespace scache::standalone {
namespace {

using test::ScratchDirectory;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// All values differ from the defaults.
constexpr std::string_view kOther = R"([socket]
path = "/a \"b\"/c"
owner = "app"
group = 70
mode = "0666"

[access]
users = ["app", 5]
groups = ["apps"]

[ttl]
default = "100ms"
limit = "5m"

[limits]
clients = 5
connections = 6
connections_of_endpoint = 10
connections_of_user = 11
bindings = 12
bindings_of_destination = 7
bindings_of_user = 13
connection_bytes = 1048576
connection_bytes_of_user = 14
binding_bytes = 2097152
binding_bytes_of_user = 15
name_bytes = 8
properties_bytes = 9
request_time = "2h"

[log]
target = "syslog"
level = "debug"

[statistics]
interval = "7s"

[[hand_out]]
endpoint = "smtp\u000A*"
first = "newest"
allow_input = false
max_age = "30m"
max_uses = 5

[[hand_out]]
endpoint = "*"
first = "oldest"
allow_input = true
max_age = "0s"
max_uses = 0
)";

void write(const std::string& path, std::string_view text) {
  std::ofstream{path} << text;
}

TEST(ConfigurationFile, IsShownAsItReadsBack) {
  const Reading reading = parse_configuration(kOther, "f", some_accounts());
  EXPECT_THAT(reading.complaints, IsEmpty());
  EXPECT_EQ(show_configuration(reading.configuration), kOther);
}

TEST(ConfigurationFile, OfDefaultsReadsBackAsDefaults) {
  Configuration defaults;
  defaults.socket_path = "/s";
  const std::string shown = show_configuration(defaults);
  const Reading reading = parse_configuration(shown, "f", some_accounts());
  EXPECT_THAT(reading.complaints, IsEmpty());
  EXPECT_EQ(show_configuration(reading.configuration), shown);
}

TEST(ConfigurationFile, MayBeEmpty) {
  const Reading reading = parse_configuration("", "f", some_accounts());
  EXPECT_THAT(reading.complaints, IsEmpty());
  EXPECT_EQ(show_configuration(reading.configuration), show_configuration({}));
}

TEST(ConfigurationFile, TellsAllThatIsWrongInItsOrder) {
  const Reading reading =
      parse_configuration("[ttl]\nlimit = 5\n[log]\nlevel = 'x'\n[access]\nusers = ['me']\n[a]\n",
                          "f", some_accounts());
  EXPECT_THAT(reading.complaints,
              ElementsAre(StartsWith("f:2:9: ttl.limit"), StartsWith("f:4:9: log.level"),
                          StartsWith("f:6:10: access.users"), StartsWith("f:7:2: unknown key a")));
}

TEST(ConfigurationFile, ThatIsNoTomlIsTold) {
  EXPECT_THAT(parse_configuration("[ttl]\nlimit = \n", "f", some_accounts()).complaints,
              ElementsAre(StartsWith("f:2:9: ")));
  EXPECT_THAT(
      parse_configuration("[ttl]\nlimit = '1s'\nlimit = '2s'\n", "f", some_accounts()).complaints,
      ElementsAre(StartsWith("f:3:")));
  EXPECT_THAT(parse_configuration("# \xff\n", "f", some_accounts()).complaints,
              ElementsAre(StartsWith("f:1:")));
}

TEST(ConfigurationFile, IsReadFromItsPath) {
  const ScratchDirectory scratch;
  write(scratch.path("f"), kOther);
  const Reading reading = read_configuration(scratch.path("f"), some_accounts());
  EXPECT_THAT(reading.complaints, IsEmpty());
  EXPECT_EQ(show_configuration(reading.configuration), kOther);
}

TEST(ConfigurationFile, ThatCannotBeReadIsAComplaint) {
  EXPECT_THAT(read_configuration("/nonexistent/f", some_accounts()).complaints,
              ElementsAre("/nonexistent/f: No such file or directory"));
  EXPECT_THAT(read_configuration("/", some_accounts()).complaints,
              ElementsAre("/: not a regular file"));
}

TEST(ConfigurationFile, IsNoFifoThatBlocksWhoeverReadsIt) {
  const ScratchDirectory scratch;
  const std::string fifo = scratch.path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THAT(read_configuration(fifo, some_accounts()).complaints,
              ElementsAre(fifo + ": not a regular file"));
  // Also while a writer has it open.
  const Fd writer{::open(fifo.c_str(), O_RDWR | O_CLOEXEC)};
  EXPECT_THAT(read_configuration(fifo, some_accounts()).complaints,
              ElementsAre(fifo + ": not a regular file"));
}

TEST(ConfigurationFile, IsReadUpToItsLimit) {
  const ScratchDirectory scratch;
  write(scratch.path("f"), std::string(kMaxConfigurationBytes, '\n'));
  EXPECT_THAT(read_configuration(scratch.path("f"), some_accounts()).complaints, IsEmpty());
  write(scratch.path("f"), std::string(kMaxConfigurationBytes + 1, '\n'));
  EXPECT_THAT(read_configuration(scratch.path("f"), some_accounts()).complaints,
              ElementsAre(scratch.path("f") + ": larger than 1048576 bytes"));
}

}  // namespace
}  // namespace scache::standalone
