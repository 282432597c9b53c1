// SPDX-License-Identifier: Apache-2.0
#include "ctl/options.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace scache::ctl {
namespace {

using namespace std::chrono_literals;

// The last error message.
std::string complaint;

std::expected<Options, int> read(std::vector<const char*> words) {
  words.insert(words.begin(), "scachectl");
  const auto count = static_cast<int>(words.size());
  words.push_back(nullptr);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  auto options = read_options(count, words.data(), "/default");
  testing::internal::GetCapturedStdout();
  complaint = testing::internal::GetCapturedStderr();
  return options;
}

// The options of a command line; the test fails if it is invalid.
Options options_of(const std::vector<const char*>& words) {
  auto options = read(words);
  EXPECT_TRUE(options) << testing::PrintToString(words);
  return options ? *options : Options{};
}

template <typename T>
T command(const std::vector<const char*>& words) {
  const Options options = options_of(words);
  EXPECT_TRUE(std::holds_alternative<T>(options.command)) << testing::PrintToString(words);
  return std::holds_alternative<T>(options.command) ? std::get<T>(options.command) : T{};
}

TEST(Options, OfAllCommandsStandBeforeOrBehindTheirs) {
  for (const auto& words : std::vector<std::vector<const char*>>{
           {"--socket", "/s", "--timeout", "500ms", "-v", "--json", "ping"},
           {"ping", "--json", "-v", "--timeout=500ms", "--socket=/s"}}) {
    const Options options = options_of(words);
    EXPECT_EQ(options.socket, "/s");
    EXPECT_EQ(options.timeout, 500ms);
    EXPECT_TRUE(options.verbose);
    EXPECT_TRUE(options.json);
    EXPECT_TRUE(std::holds_alternative<PingCommand>(options.command));
  }
  const Options defaults = options_of({"ping"});
  EXPECT_EQ(defaults.socket, "/default");
  EXPECT_EQ(defaults.timeout, 2s);
  EXPECT_FALSE(defaults.json);
}

TEST(Options, AWatchIsEverySecondUnlessATimeIsNamed) {
  EXPECT_EQ(command<StatsCommand>({"stats"}).watch, std::nullopt);
  EXPECT_EQ(command<StatsCommand>({"stats", "--watch"}).watch, 1s);
  EXPECT_EQ(command<StatsCommand>({"stats", "--watch", "--json"}).watch, 1s);
  EXPECT_EQ(command<StatsCommand>({"stats", "--watch", "100ms"}).watch, 100ms);
}

TEST(Options, AListHasAPattern) {
  const auto everything = command<ListCommand>({"list"});
  EXPECT_EQ(everything.pattern, "*");
  EXPECT_TRUE(everything.connections && everything.bindings && !everything.properties);
  const auto some = command<ListCommand>({"list", "--connections", "--properties", "smtp\\n\\**"});
  EXPECT_EQ(some.pattern, "smtp\n\\**");
  EXPECT_TRUE(some.connections && !some.bindings && some.properties);
  EXPECT_FALSE(command<ListCommand>({"list", "--bindings"}).connections);
}

TEST(Options, ADropHasOneName) {
  const auto endpoint = command<DropCommand>({"drop", "--endpoint", "a\\x00b"});
  EXPECT_EQ(endpoint.by, DropCommand::By::endpoint);
  EXPECT_EQ(endpoint.name, std::string("a\0b", 3));
  const auto destination = command<DropCommand>({"drop", "--destination", "d"});
  EXPECT_EQ(destination.by, DropCommand::By::destination);
  const auto prefix = command<DropCommand>({"drop", "--prefix", "smtp:"});
  EXPECT_EQ(prefix.by, DropCommand::By::prefix);
  EXPECT_EQ(prefix.name, "smtp:");
  const auto all = command<DropCommand>({"drop", "--all"});
  EXPECT_EQ(all.by, DropCommand::By::prefix);
  EXPECT_EQ(all.name, "");
}

TEST(Options, ASaveHasADescriptorThatIsOpen) {
  const auto save = command<SaveCommand>({"save", "--endpoint", "e", "--fd", "0", "--ttl", "30s",
                                          "--properties", "p\\n", "--bind", "a", "--bind", "b"});
  EXPECT_EQ(save.endpoint, "e");
  EXPECT_EQ(save.descriptor, 0);
  EXPECT_EQ(save.properties, "p\n");
  EXPECT_EQ(save.options.ttl, 30s);
  ASSERT_EQ(save.options.bindings.size(), 2U);
  EXPECT_EQ(save.options.bindings[1].destination, "b");
  EXPECT_EQ(save.options.bindings[1].ttl, 30s);
  EXPECT_FALSE(save.options.allow_input);
  EXPECT_TRUE(command<SaveCommand>({"save", "--endpoint", "e", "--fd", "0", "--allow-input"})
                  .options.allow_input);
  EXPECT_EQ(read({"save", "--endpoint", "e", "--fd", "987"}).error(), 2);
}

TEST(Options, WhatStandsBehindTheDashesIsTheProgram) {
  const auto find =
      command<FindCommand>({"find", "--destination", "d", "--", "sh", "-c", "--", "list", "-v"});
  EXPECT_TRUE(find.by_destination);
  EXPECT_EQ(find.name, "d");
  EXPECT_EQ(find.program.words, (std::vector<std::string>{"sh", "-c", "--", "list", "-v"}));
  EXPECT_FALSE(find.program.stdio);
  EXPECT_FALSE(options_of({"find", "--endpoint", "e", "--", "p", "-v"}).verbose);
}

TEST(Options, ARunKnowsWhereToConnect) {
  const auto run = command<RunCommand>({"run", "--connect", "[::1]:25", "--ttl", "5m", "--bind",
                                        "d", "--stdio", "--connect-timeout", "1s", "--", "p"});
  EXPECT_EQ(run.endpoint, "tcp:[::1]:25");
  EXPECT_EQ(run.host, "::1");
  EXPECT_EQ(run.port, "25");
  EXPECT_EQ(run.connect_timeout, 1s);
  EXPECT_EQ(run.properties, std::nullopt);
  EXPECT_EQ(run.options.ttl, 5min);
  EXPECT_EQ(run.options.bindings.at(0).ttl, 5min);
  EXPECT_TRUE(run.program.stdio);
  for (const auto& words : std::vector<std::vector<const char*>>{
           {"run", "--endpoint", "e", "--connect", "h:1", "--", "p"},
           {"run", "--connect", "h:1", "--endpoint", "e", "--", "p"}}) {
    EXPECT_EQ(command<RunCommand>(words).endpoint, "e");
  }
}

TEST(Options, WhatIsWrongIsToldAndEndsWithTwo) {
  for (const auto& words : std::vector<std::vector<const char*>>{
           {},
           {"nothing"},
           {"ping", "surplus"},
           {"ping", "--", "program"},
           {"--timeout", "2", "ping"},
           {"--timeout", "0s", "ping"},
           {"stats", "--watch", "often"},
           {"list", "\\q"},
           {"list", "--connections", "--bindings"},
           {"drop"},
           {"drop", "--all", "--endpoint", "e"},
           {"drop", "--endpoint", "\\"},
           {"save", "--endpoint", "e"},
           {"save", "--fd", "0"},
           {"save", "--endpoint", "e", "--fd", "zero"},
           {"find", "--", "p"},
           {"find", "--endpoint", "e"},
           {"find", "--endpoint", "e", "--"},
           {"find", "--endpoint", "e", "--destination", "d", "--", "p"},
           {"run", "--", "p"},
           {"run", "--connect", "host", "--", "p"},
           {"run", "--connect", "h:99999", "--", "p"},
           {"run", "--connect", "h:1", "p"}}) {
    const auto options = read(words);
    ASSERT_FALSE(options) << testing::PrintToString(words);
    EXPECT_EQ(options.error(), 2) << testing::PrintToString(words);
    EXPECT_TRUE(complaint.starts_with("scachectl: ")) << complaint;
  }
  (void)read({"-v", "nothing"});
  EXPECT_TRUE(complaint.starts_with("scachectl: nothing: no such command\n")) << complaint;
}

TEST(Options, HelpAndVersionAreNoMistakes) {
  for (const auto& words : std::vector<std::vector<const char*>>{
           {"--help"}, {"--version"}, {"run", "--help"}, {"drop", "-h"}}) {
    EXPECT_EQ(read(words).error(), 0) << testing::PrintToString(words);
  }
}

}  // namespace
}  // namespace scache::ctl
