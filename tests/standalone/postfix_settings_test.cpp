// SPDX-License-Identifier: Apache-2.0
#include "standalone/postfix_settings.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "standalone/some_accounts.hpp"
#include "support/recording_log.hpp"
#include "support/scratch.hpp"

namespace scache::standalone {
namespace {

using namespace std::chrono_literals;

class PostfixSettingsTest : public ::testing::Test {
 protected:
  Result<PostfixSettings> read(const std::string& text) {
    const std::string file = scratch_.path("main.cf");
    std::ofstream{file} << "mail_owner = app\nmyhostname = a.test\n" << text;
    // A file that was just written is read again after a moment.
    namespace fs = std::filesystem;
    fs::last_write_time(file, fs::last_write_time(file) - 1min);
    Accounts accounts = some_accounts();
    accounts.numbered = [](uid_t) { return std::optional{Account{"app", 600, 70}}; };
    return read_postfix_settings(scratch_.path(), accounts, log_);
  }

 private:
  test::ScratchDirectory scratch_;
  test::RecordingLog log_;
};

TEST_F(PostfixSettingsTest, HaveTheDefaultsOfPostfix) {
  const auto settings = read("");
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->socket, "/var/spool/postfix/private/scache");
  EXPECT_EQ(settings->mail_owner.uid, 600U);
  EXPECT_EQ(settings->ttl_limit, 2s);
  EXPECT_EQ(settings->request_time, 3'600s);
  EXPECT_EQ(settings->statistics_interval, 600s);
}

TEST_F(PostfixSettingsTest, ExpandParameters) {
  const auto settings = read(
      "queue_directory = /queue/\nipc_timeout = $connection_cache_ttl_limit\n"
      "connection_cache_ttl_limit = 5m\n");
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->socket, "/queue/private/scache");
  EXPECT_EQ(settings->ttl_limit, 300s);
  EXPECT_EQ(settings->request_time, 300s);
}

TEST_F(PostfixSettingsTest, ThatAreWrong) {
  EXPECT_EQ(read("ipc_timeout = 0\n").error().text, "invalid ipc_timeout: 0 (min 1)");
  EXPECT_FALSE(read("mail_owner = nobody-has-this-name\n"));
}

}  // namespace
}  // namespace scache::standalone
