// SPDX-License-Identifier: Apache-2.0
#include "main_cf/parameters.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "main_cf/defaults.hpp"
#include "main_cf/file.hpp"
#include "support/recording_log.hpp"

namespace scache::main_cf {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;

class ReadParameters : public ::testing::Test {
 protected:
  // All parameters, from a main.cf and options that override it.
  Result<Parameters> read(std::string_view main_cf,
                          std::initializer_list<std::string_view> options = {}) {
    settings_ = initial_settings(process_);
    auto done = load_text(main_cf, "main.cf", settings_, log_);
    for (const std::string_view option : options) {
      const auto setting = split_name_value(option);
      if (!setting) return std::unexpected(setting.error());
      settings_.set(setting->name, setting->value);
    }
    if (!done) return std::unexpected(done.error());
    auto parameters = read_parameters(process_, accounts_, settings_, log_);
    if (!parameters) return parameters;
    done = read_cache_parameters(settings_, log_, *parameters);
    if (!done) return std::unexpected(done.error());
    return parameters;
  }
  std::string error(std::string_view main_cf,
                    std::initializer_list<std::string_view> options = {}) {
    const auto parameters = read(main_cf, options);
    return parameters ? "(none)" : parameters.error().text;
  }
  // The expansion of a reference when the parameters of the cache are read.
  std::string found(std::string_view reference, std::string_view main_cf = "") {
    const std::string prefix = "parameter connection_cache_ttl_limit: bad time value or unit: <";
    const std::string option = "connection_cache_ttl_limit=<" + std::string{reference};
    const std::string text = error(main_cf, {option});
    return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
  }

  Process process_{.name = "scache",
                   .service_name = "xscache",
                   .id = 4711,
                   .host_name = "host.example.org",
                   .config_directory = "/etc/postfix"};
  Accounts accounts_{
      .named = [](const std::string& name) -> std::optional<Account> {
        if (name == "postfix") return Account{"postfix", 100, 101};
        return std::nullopt;
      },
      .numbered = [](uid_t) { return Account{"postfix", 100, 101}; },
  };
  Settings settings_;
  test::RecordingLog log_;
};

TEST_F(ReadParameters, HavePostfixsDefaults) {
  const auto parameters = read("");
  ASSERT_TRUE(parameters) << parameters.error().text;
  EXPECT_EQ(parameters->connection_cache_ttl_limit, seconds{2});
  EXPECT_EQ(parameters->connection_cache_status_update_time, seconds{600});
  EXPECT_TRUE(parameters->connection_cache_goodbye);
  EXPECT_EQ(parameters->daemon_timeout, seconds{18000});
  EXPECT_EQ(parameters->ipc_timeout, seconds{3600});
  EXPECT_EQ(parameters->max_idle, seconds{100});
  EXPECT_EQ(parameters->max_use, 100);
  EXPECT_EQ(parameters->config_directory, "/etc/postfix");
  EXPECT_EQ(parameters->process_name, "scache");
  EXPECT_EQ(parameters->service_name, "xscache");
  EXPECT_EQ(parameters->process_id, 4711);
  EXPECT_EQ(parameters->syslog_facility, "mail");
  EXPECT_EQ(parameters->syslog_name, "postfix");
  EXPECT_EQ(parameters->multi_instance_name, "");
  EXPECT_EQ(parameters->maillog_file, "");
  EXPECT_EQ(parameters->postlog_service_name, "postlog");
  EXPECT_EQ(parameters->queue_directory, "/var/spool/postfix");
  EXPECT_EQ(parameters->myhostname, "host.example.org");
  EXPECT_EQ(parameters->mydomain, "example.org");
  EXPECT_EQ(parameters->mail_owner.uid, 100u);
  EXPECT_EQ(parameters->mail_owner.gid, 101u);
}

TEST_F(ReadParameters, TakeWhatMainCfSays) {
  const auto parameters = read(
      "connection_cache_ttl_limit = 1m\n"
      "connection_cache_status_update_time = 1h\n"
      "connection_cache_goodbye = No\n"
      "daemon_timeout = 5h\nipc_timeout = 60\nmax_idle = 10s\nmax_use = 7\n"
      "syslog_facility = local3\nsyslog_name = a/$multi_instance_name\n"
      "multi_instance_name = mi\nmaillog_file = /var/log/mail\npostlog_service_name = pl\n"
      "queue_directory = /q\nmyhostname = a.b.c\n");
  ASSERT_TRUE(parameters) << parameters.error().text;
  EXPECT_EQ(parameters->connection_cache_ttl_limit, seconds{60});
  EXPECT_EQ(parameters->connection_cache_status_update_time, seconds{3600});
  EXPECT_FALSE(parameters->connection_cache_goodbye);
  EXPECT_EQ(parameters->daemon_timeout, seconds{5 * 3600});
  EXPECT_EQ(parameters->ipc_timeout, seconds{60});
  EXPECT_EQ(parameters->max_idle, seconds{10});
  EXPECT_EQ(parameters->max_use, 7);
  EXPECT_EQ(parameters->syslog_facility, "local3");
  EXPECT_EQ(parameters->syslog_name, "a/mi");
  EXPECT_EQ(parameters->maillog_file, "/var/log/mail");
  EXPECT_EQ(parameters->postlog_service_name, "pl");
  EXPECT_EQ(parameters->queue_directory, "/q");
  EXPECT_EQ(parameters->mydomain, "b.c");
}

TEST_F(ReadParameters, TakeAnOptionOverMainCfAndTheLastOption) {
  const auto parameters = read("max_idle = 1\n", {"max_idle=2", " max_idle = 3 "});
  ASSERT_TRUE(parameters);
  EXPECT_EQ(parameters->max_idle, seconds{3});
}

TEST_F(ReadParameters, NameTheInstanceInTheLog) {
  EXPECT_EQ(read("multi_instance_name = mi\n")->syslog_name, "mi");
}

TEST_F(ReadParameters, CompleteAHostNameWithoutADomain) {
  process_.host_name = "short";
  EXPECT_EQ(read("")->myhostname, "short.localdomain");
  EXPECT_EQ(read("")->mydomain, "localdomain");
  EXPECT_EQ(read("mydomain = a.b\n")->myhostname, "short.a.b");
  EXPECT_EQ(read("myhostname = alone\n")->mydomain, "localdomain");
}

TEST_F(ReadParameters, RefuseAHostNameThatIsNone) {
  EXPECT_EQ(error("myhostname = -a\n"),
            "file /etc/postfix/main.cf: parameter myhostname: bad parameter value: -a");
  EXPECT_THAT(log_.take(), ElementsAre("warning: valid_hostname: misplaced hyphen: -a"));
  EXPECT_EQ(error("mydomain = a b\n"),
            "file /etc/postfix/main.cf: parameter mydomain: bad parameter value: a b");
  process_.host_name = "a b";
  EXPECT_EQ(error(""), "unable to use my own hostname");
  EXPECT_EQ(error("myhostname = a.b\n"), "(none)");
}

TEST_F(ReadParameters, RefuseATimeThatIsNone) {
  EXPECT_EQ(error("", {"connection_cache_ttl_limit=0"}),
            "invalid connection_cache_ttl_limit: 0 (min 1)");
  EXPECT_EQ(error("", {"connection_cache_ttl_limit=soon"}),
            "invalid connection_cache_ttl_limit: 0 (min 1)");
  EXPECT_EQ(error("", {"connection_cache_ttl_limit="}),
            "parameter connection_cache_ttl_limit: bad time value or unit: ");
  EXPECT_EQ(error("", {"connection_cache_goodbye=maybe"}),
            "bad boolean configuration: connection_cache_goodbye = maybe");
  EXPECT_EQ(error("", {"connection_cache_status_update_time=often"}),
            "parameter connection_cache_status_update_time: bad time value or unit: often");
  EXPECT_EQ(error("", {"max_idle=0"}), "invalid max_idle: 0 (min 1)");
  EXPECT_EQ(error("", {"daemon_timeout=0"}), "invalid daemon_timeout: 0 (min 1)");
  EXPECT_EQ(error("", {"ipc_timeout=x"}), "parameter ipc_timeout: bad time value or unit: x");
}

TEST_F(ReadParameters, RefuseANumberThatIsNone) {
  EXPECT_EQ(error("max_use = 1x\n"), "bad numerical configuration: max_use = 1x");
  EXPECT_EQ(error("max_use =\n"), "bad numerical configuration: max_use = ");
  EXPECT_EQ(read("max_use = 2147483647\n")->max_use, 2'147'483'647);
  for (const char* const number : {"2147483648", "-2147483649", "99999999999999999999"}) {
    EXPECT_EQ(error(fmt::format("max_use = {}\n", number)),
              fmt::format("bad numerical configuration: max_use = {}", number));
  }
  EXPECT_EQ(error("max_use = 0\n"), "invalid max_use parameter value 0 < 1");
}

TEST_F(ReadParameters, ShowUtf8FromCompatibilityLevelOneOnUnlessToldOtherwise) {
  EXPECT_FALSE(read("")->smtputf8_enable);
  EXPECT_TRUE(read("compatibility_level = 3.6\n")->smtputf8_enable);
  EXPECT_FALSE(read("compatibility_level = 3.6\nsmtputf8_enable = No\n")->smtputf8_enable);
  EXPECT_EQ(error("smtputf8_enable = maybe\n"),
            "bad boolean configuration: smtputf8_enable = maybe");
}

TEST_F(ReadParameters, RefuseEmptyTextsWhereThereMustBeOne) {
  for (const std::string name : {"syslog_name", "syslog_facility", "mail_owner", "queue_directory",
                                 "postlog_service_name", "myhostname", "mydomain"}) {
    EXPECT_EQ(error(name + " =\n"), "bad string length 0 < 1: " + name + " = ");
  }
}

TEST_F(ReadParameters, RefuseAnUnknownFacility) {
  EXPECT_EQ(error("syslog_facility = $process_name\n"),
            "file /etc/postfix/main.cf: parameter syslog_facility: unrecognized value: scache");
}

TEST_F(ReadParameters, RefuseAnUnknownMailOwner) {
  EXPECT_EQ(error("mail_owner = somebody\n"),
            "file /etc/postfix/main.cf: parameter mail_owner: unknown user name value: somebody");
}

TEST_F(ReadParameters, RefuseALogFileInAnyOtherPlace) {
  EXPECT_EQ(error("maillog_file = /home/log\n"),
            "maillog_file value '/home/log' does not match any prefix in maillog_file_prefixes");
  EXPECT_EQ(error("maillog_file = /home/log\nmaillog_file_prefixes = /x , /home\n"), "(none)");
  EXPECT_EQ(error("maillog_file = /home/log\nmaillog_file_prefixes = ,\n"),
            "maillog_file value '/home/log' does not match any prefix in maillog_file_prefixes");
}

TEST_F(ReadParameters, RefuseACompatibilityLevelThatIsNone) {
  EXPECT_EQ(error("compatibility_level = new\n"), "malformed compatibility level syntax: \"new\"");
}

TEST_F(ReadParameters, RefuseAnExpressionThatIsNone) {
  EXPECT_EQ(error("max_idle = ${x!}\n"), "dictionary mail_dict: macro processing error");
  EXPECT_THAT(log_.take(), ElementsAre("warning: attribute name syntax error at: \"...x>>>!\""));
}

TEST_F(ReadParameters, LeaveWhatTheyDoNotUseUnchecked) {
  EXPECT_EQ(error("soft_bounce = perhaps\nhash_queue_depth = x\n"), "(none)");
}

TEST_F(ReadParameters, FindDefaultsOfWhatWasReadEarlier) {
  EXPECT_EQ(found("$mail_name $ipc_idle $process_id $service_name"), "Postfix 5s 4711 xscache");
  EXPECT_EQ(found("$relay_domains", "mydestination = $myhostname\n"), "host.example.org");
  EXPECT_EQ(found("$config_directory", "config_directory = /elsewhere\n"), "/elsewhere");
}

TEST_F(ReadParameters, FindNothingOfWhatIsReadLater) {
  EXPECT_EQ(read("syslog_name = a$mail_owner\n")->syslog_name, "a");
  EXPECT_EQ(read("syslog_name = a$mail_owner\nmail_owner = postfix\n")->syslog_name, "apostfix");
  EXPECT_EQ(error("max_idle = $ipc_timeout\n"), "parameter max_idle: bad time value or unit: ");
  EXPECT_EQ(read("daemon_timeout = $ipc_timeout\n")->daemon_timeout, seconds{3600});
}

TEST_F(ReadParameters, TellTheFacilityBeforeAnythingElseIsRead) {
  settings_ = initial_settings(process_);
  settings_.set("syslog_facility", "local1");
  settings_.set("max_idle", "x");
  EXPECT_EQ(*read_syslog_facility(process_, settings_, log_), "local1");
  EXPECT_FALSE(read_parameters(process_, accounts_, settings_, log_));
}

TEST(ConfigDirectory, IsWhatMailConfigSays) {
  EXPECT_EQ(config_directory("/elsewhere"), "/elsewhere");
  EXPECT_EQ(config_directory(""), "/etc/postfix");
}

TEST(Defaults, AreFoundByName) {
  EXPECT_EQ(find_default("mail_name")->value, "Postfix");
  EXPECT_EQ(find_default("connection_cache_ttl_limit")->value, "2s");
  EXPECT_EQ(find_default("nobody"), nullptr);
}

}  // namespace
}  // namespace scache::main_cf
