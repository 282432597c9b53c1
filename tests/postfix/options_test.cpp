// SPDX-License-Identifier: Apache-2.0
#include "postfix/options.hpp"

#include <gtest/gtest.h>

#include <initializer_list>

namespace scache::postfix {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

struct Read {
  Options options;
  std::string error;
};

Read read(std::initializer_list<const char*> words) {
  std::vector<const char*> line{"scache"};
  line.insert(line.end(), words);
  Read read;
  if (auto done = read.options.read(line); !done) read.error = done.error().text;
  return read;
}

std::string service_error(std::initializer_list<const char*> words) {
  const Read got = read(words);
  EXPECT_EQ(got.error, "");
  const auto checked = got.options.check_service();
  return checked ? "" : checked.error().text;
}

TEST(Options, ReadsWhatMasterPasses) {
  const auto [options, error] =
      read({"-l", "-n", "xscache", "-t", "unix", "-u", "-c", "-o", "max_idle=2s", "-v"});
  EXPECT_EQ(error, "");
  EXPECT_EQ(options.process_name, "scache");
  EXPECT_EQ(options.service_name, "xscache");
  EXPECT_TRUE(options.alone);
  EXPECT_TRUE(options.drop_privileges);
  EXPECT_TRUE(options.chroot);
  EXPECT_EQ(options.transport, "unix");
  EXPECT_EQ(options.settings, (Settings{{"max_idle", "2s"}}));
  EXPECT_EQ(options.verbosity, 1);
  EXPECT_EQ(options.sockets, 1);
  EXPECT_TRUE(options.check_service());
}

TEST(Options, TakesTheProcessNameFromThePath) {
  const std::vector<const char*> line{"../../libexec/scache/other"};
  Options options;
  EXPECT_TRUE(options.read(line));
  EXPECT_EQ(options.process_name, "other");
  EXPECT_EQ(options.service_name, "other");
  EXPECT_TRUE(options.read({}));
  EXPECT_EQ(options.process_name, "scache");
}

TEST(Options, TakesFlagsTogetherAndValuesFromTheSameWord) {
  const auto [options, error] = read({"-dDlSuvVvz", "-tinet", "-ls3", "-vvomax_idle=5"});
  EXPECT_EQ(error, "");
  EXPECT_TRUE(options.from_terminal && options.debugger && options.alone && options.one_client &&
              options.drop_privileges && options.log_to_stderr && options.unlimited);
  EXPECT_FALSE(options.chroot);
  EXPECT_EQ(options.verbosity, 4);
  EXPECT_EQ(options.transport, "inet");
  EXPECT_EQ(options.sockets, 3);
  EXPECT_EQ(options.settings, (Settings{{"max_idle", "5"}}));
}

TEST(Options, KeepsSettingsInTheirOrder) {
  const auto [options, error] = read({"-o", " a = b  c ", "-i", "x", "-m", "0", "-o", "a="});
  EXPECT_EQ(error, "");
  EXPECT_EQ(options.settings,
            (Settings{{"a", "b  c"}, {"max_idle", "x"}, {"max_use", "0"}, {"a", ""}}));
}

TEST(Options, RefusesWhatIsNoSetting) {
  EXPECT_EQ(read({"-o", "nonsense"}).error,
            "invalid \"-o nonsense\" option value: missing '=' after attribute name");
  EXPECT_EQ(read({"-o", "a b=c"}).error,
            "invalid \"-o a b=c\" option value: missing '=' after attribute name");
  EXPECT_EQ(read({"-o", "{ a = b }"}).error,
            "invalid \"-o { a = b }\" option value: missing '=' after attribute name");
  EXPECT_EQ(read({"-o", "=x"}).error, "invalid \"-o =x\" option value: missing attribute name");
  EXPECT_EQ(read({"-o", " "}).error, "invalid \"-o  \" option value: missing attribute name");
}

TEST(Options, RefusesUnknownOptions) {
  EXPECT_EQ(read({"-Q"}).error, "invalid option: Q");
  EXPECT_EQ(read({"-lQ"}).error, "invalid option: Q");
  EXPECT_EQ(read({"--foo"}).error, "invalid option: -");
  EXPECT_EQ(read({"-:"}).error, "invalid option: :");
}

TEST(Options, RefusesAnOptionWithoutItsValue) {
  EXPECT_EQ(read({"-l", "-o"}).error, "invalid option: o");
  EXPECT_EQ(read({"-lt"}).error, "invalid option: t");
}

TEST(Options, RefusesASocketCountThatIsNone) {
  EXPECT_EQ(read({"-s", "0"}).error, "invalid socket_count: 0");
  EXPECT_EQ(read({"-s", "-1"}).error, "invalid socket_count: -1");
  EXPECT_EQ(read({"-s", "x3"}).error, "invalid socket_count: x3");
  EXPECT_EQ(read({"-s", " 3x"}).options.sockets, 3);
}

TEST(Options, HoldWhatStoodBeforeAnError) {
  const auto [options, error] = read({"-V", "-v", "-Q", "-l"});
  EXPECT_NE(error, "");
  EXPECT_TRUE(options.log_to_stderr);
  EXPECT_EQ(options.verbosity, 1);
  EXPECT_FALSE(options.alone);
}

TEST(Options, KeepSurplusArguments) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(read({"-l", "surplus", "-Q"}).options.arguments, (Words{"surplus", "-Q"}));
  EXPECT_EQ(read({"-l", "--", "-Q"}).options.arguments, Words{"-Q"});
  EXPECT_EQ(read({"-l", "-", "-Q"}).options.arguments, (Words{"-", "-Q"}));
  EXPECT_EQ(read({"-l", ""}).options.arguments, Words{""});
  EXPECT_TRUE(read({"-l", "--"}).options.arguments.empty());
}

TEST(Options, BeginWithWhatTheEnvironmentAsksFor) {
  Environment environment;
  environment.verbose = true;
  environment.debugger = true;
  const Options options{environment};
  EXPECT_EQ(options.verbosity, 1);
  EXPECT_TRUE(options.debugger);
  EXPECT_EQ(Options{}.verbosity, 0);
}

TEST(Options, NeedAProcessLimitOfOneAndATransport) {
  EXPECT_EQ(service_error({}), "service scache requires a process limit of 1");
  EXPECT_EQ(service_error({"-n", "x", "-t", "unix"}), "service x requires a process limit of 1");
  EXPECT_EQ(service_error({"-l"}), "no transport type specified");
  EXPECT_EQ(service_error({"-l", "-t", "bogus"}), "unsupported transport type: bogus");
  EXPECT_EQ(service_error({"-l", "-t", ""}), "unsupported transport type: ");
  EXPECT_EQ(service_error({"-l", "-t", "UNIX"}), "");
  EXPECT_EQ(service_error({"-l", "-t", "inet"}), "");
  EXPECT_EQ(service_error({"-S"}), "");
}

}  // namespace
}  // namespace scache::postfix
