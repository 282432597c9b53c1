// SPDX-License-Identifier: Apache-2.0
#include "standalone/listen_keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "standalone/configuration_texts.hpp"
#include "support/recording_log.hpp"
#include "support/scratch.hpp"

namespace scache::standalone {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ListenKeys, DescribeASocket) {
  const Configuration all = read(
      "[[listen]]\npath = '/a'\nowner = 'app'\ngroup = 'apps'\nmode = '0660'\nusers = ['app', 7]\n"
      "groups = [8]\ntag = 'mail'\n"
      "[[listen]]\npath = '/b'\nowner = ''\n");
  ASSERT_EQ(all.listens.size(), 2U);
  const SocketTable& first = all.listens[0];
  EXPECT_EQ(first.path, "/a");
  EXPECT_EQ(first.owner->number, 600U);
  EXPECT_EQ(first.group->number, 70U);
  EXPECT_EQ(first.mode, mode_t{0660});
  EXPECT_EQ(first.users[1].number, 7U);
  EXPECT_EQ(first.groups[0].number, 8U);
  EXPECT_EQ(first.tag, "mail");
  const SocketTable& second = all.listens[1];
  EXPECT_FALSE(second.owner);
  EXPECT_EQ(second.mode, mode_t{0600});
  EXPECT_THAT(second.users, IsEmpty());
  EXPECT_EQ(second.tag, "client");
  EXPECT_EQ(second.postfix, "");
}

TEST(ListenKeys, AreShownAsTheyAreRead) {
  const std::string text =
      "[[listen]]\npath = \"/a\"\nowner = \"app\"\ngroup = 70\nmode = \"0660\"\nusers = [\"app\", "
      "7]\n"
      "groups = []\ntag = \"mail\"\n\n"
      "[[listen]]\npath = \"/b\"\nowner = \"\"\ngroup = \"\"\nmode = \"0600\"\nusers = []\n"
      "groups = []\ntag = \"scache socket\"\npostfix = \"/etc/postfix\"\n";
  EXPECT_THAT(show_configuration(read(text)), HasSubstr("\n" + text));
}

TEST(ListenKeys, ThatAreWrong) {
  EXPECT_THAT(complaints("listen = 5\n"),
              ElementsAre("f:1:10: listen must be an array of tables, each written [[listen]]"));
  EXPECT_THAT(complaints("[[listen]]\nmode = '0600'\n"),
              ElementsAre("f:1:1: a [[listen]] needs path or postfix"));
  EXPECT_THAT(complaints("[[listen]]\npath = 'a'\nmode = '9'\nuser = 5\n"),
              ElementsAre("f:2:8: listen.path must be an absolute path of at most 107 bytes",
                          "f:3:8: listen.mode must be an octal number from \"0000\" to \"0777\"",
                          "f:4:1: unknown key listen.user"));
  EXPECT_THAT(complaints("[[listen]]\npath = '/a'\nowner = 'nobody'\nusers = 5\n"),
              ElementsAre("f:3:9: listen.owner: unknown user \"nobody\"",
                          "f:4:9: listen.users must be a list of users"));
  const std::string tag = "listen.tag must be 1 to 64 printable characters";
  for (const std::string wrong : {"5", "''", "\"a\\nb\"", "'\u00e4'"}) {
    EXPECT_THAT(complaints("[[listen]]\npath = '/a'\ntag = " + wrong + "\n"),
                ElementsAre("f:3:7: " + tag))
        << wrong;
  }
  EXPECT_THAT(complaints("[[listen]]\npath = '/a'\ntag = '" + std::string(64, 'x') + "'\n"),
              IsEmpty());
  EXPECT_THAT(complaints("[[listen]]\npath = '/a'\ntag = '" + std::string(65, 'x') + "'\n"),
              ElementsAre("f:3:7: " + tag));
  for (const std::string wrong : {"5", "'etc'"}) {
    EXPECT_THAT(complaints("[[listen]]\npostfix = " + wrong + "\n"),
                ElementsAre("f:2:11: listen.postfix must be the absolute path of a directory"));
  }
}

class MainCfTest : public ::testing::Test {
 protected:
  void write(const std::string& text) {
    const std::string file = scratch.path("main.cf");
    std::ofstream{file} << "queue_directory = /queue\nmail_owner = app\nmyhostname = a.test\n"
                        << text;
    // A file that was just written is read again after a moment.
    namespace fs = std::filesystem;
    fs::last_write_time(file, fs::last_write_time(file) - 1min);
  }
  std::vector<std::string> read_from(Configuration& configuration) {
    Accounts accounts = some_accounts();
    accounts.numbered = [](uid_t) { return std::optional{Account{"app", 600, 70}}; };
    return read_main_cf(accounts, configuration, log);
  }

  test::ScratchDirectory scratch;
  test::RecordingLog log;
  std::string directory = scratch.path("");
};

TEST_F(MainCfTest, SaysWhatPostfixExpects) {
  write(
      "connection_cache_ttl_limit = 7s\nipc_timeout = 8s\n"
      "connection_cache_status_update_time = 9s\n");
  Configuration configuration = read("[[listen]]\npostfix = '" + directory + "'\n");
  ASSERT_THAT(read_from(configuration), IsEmpty());
  const SocketTable& socket = configuration.listens[0];
  EXPECT_EQ(socket.path, "/queue/private/scache");
  ASSERT_EQ(socket.users.size(), 1U);
  EXPECT_EQ(socket.users[0].number, 600U);
  EXPECT_EQ(socket.owner.has_value(), ::geteuid() == 0) << "only root can set another owner";
  EXPECT_EQ(socket.tag, "scache socket");
  EXPECT_EQ(socket.main_cf->ttl_limit, 7s);
  EXPECT_EQ(socket.main_cf->request_time, 8s);
  EXPECT_EQ(socket.main_cf->statistics_interval, 9s);
  EXPECT_THAT(log.take(), IsEmpty());
}

TEST_F(MainCfTest, DoesNotChangeWhatIsConfigured) {
  write("");
  Configuration configuration =
      read("[[listen]]\npath = '/p'\nowner = 5\nusers = [6]\ntag = 'x'\npostfix = '" + directory +
           "'\n[[listen]]\npath = '/q'\n");
  ASSERT_THAT(read_from(configuration), IsEmpty());
  const SocketTable& socket = configuration.listens[0];
  EXPECT_EQ(socket.path, "/p");
  EXPECT_EQ(socket.owner->number, 5U);
  ASSERT_EQ(socket.users.size(), 1U);
  EXPECT_EQ(socket.users[0].number, 6U);
  EXPECT_EQ(socket.tag, "x");
  EXPECT_EQ(socket.main_cf->ttl_limit, 2s);
  EXPECT_FALSE(configuration.listens[1].main_cf);
}

TEST_F(MainCfTest, ThatIsWrongIsAnError) {
  Configuration configuration = read("[[listen]]\npostfix = '" + directory + "'\n");
  EXPECT_THAT(read_from(configuration), ElementsAre(HasSubstr("No such file or directory")));
  write("ipc_timeout = 0\n");
  EXPECT_THAT(read_from(configuration),
              ElementsAre(directory + ": invalid ipc_timeout: 0 (min 1)"));
}

}  // namespace
}  // namespace scache::standalone
