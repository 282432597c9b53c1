// SPDX-License-Identifier: Apache-2.0
// A main.cf, from its text to the parameters. Comments and empty lines before it change nothing.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "main_cf/file.hpp"
#include "main_cf/parameters.hpp"
#include "require.hpp"
#include "silent_log.hpp"
#include "target.hpp"

namespace scache::fuzz {
namespace {

using namespace main_cf;

Process on_host(std::string_view name) {
  return {.name = "scache",
          .service_name = "scache",
          .id = 4711,
          .host_name = std::string{name},
          .config_directory = "/etc/postfix"};
}
const Accounts kAccounts{
    .named = [](const std::string& name) -> std::optional<Account> {
      if (name == "postfix") return Account{"postfix", 100, 101};
      return std::nullopt;
    },
    .numbered = [](uid_t) { return Account{"postfix", 100, 101}; },
};

Result<Parameters> read(std::string_view main_cf, const Process& process, Log& log) {
  Settings settings = initial_settings(process);
  const auto loaded = load_text(main_cf, "main.cf", settings, log);
  if (!loaded) return std::unexpected{loaded.error()};
  const auto facility = read_syslog_facility(process, settings, log);
  if (!facility) return std::unexpected{facility.error()};
  auto parameters = read_parameters(process, kAccounts, settings, log);
  if (!parameters) return parameters;
  require(parameters->syslog_facility == *facility, "the facility is the same twice");
  const auto read = read_cache_parameters(settings, log, *parameters);
  if (!read) return std::unexpected{read.error()};
  return parameters;
}

void check(const Parameters& parameters) {
  for (const auto time : {parameters.connection_cache_ttl_limit, parameters.daemon_timeout,
                          parameters.connection_cache_status_update_time, parameters.ipc_timeout,
                          parameters.max_idle}) {
    require(time.count() >= 1 && time.count() <= std::numeric_limits<int>::max(), "a time fits");
  }
  require(parameters.max_use >= 1, "max_use is positive");
  require(parameters.mail_owner.uid != 0, "the owner has no privileges");
  for (const auto* word : {&parameters.syslog_name, &parameters.queue_directory,
                           &parameters.myhostname, &parameters.mydomain}) {
    require(!word->empty(), "a word is not empty");
    require(word->find('\0') == std::string::npos, "a value holds no NUL");
  }
  require(parameters.myhostname.size() <= 255, "a host name has at most 255 bytes");
}

void run(std::string_view text, const Process& process) {
  SilentLog log;
  const auto parameters = read(text, process, log);
  if (parameters) check(*parameters);

  SilentLog again;
  const auto same = read("\n# A comment.\n \t\n" + std::string{text}, process, again);
  require(same.has_value() == parameters.has_value(), "a comment before it makes it no better");
  require(again.lines == log.lines, "the warnings are as many");
  if (same) {
    require(same->myhostname == parameters->myhostname && same->max_idle == parameters->max_idle &&
                same->syslog_name == parameters->syslog_name &&
                same->connection_cache_ttl_limit == parameters->connection_cache_ttl_limit,
            "the values are the same");
  }
}

}  // namespace
}  // namespace scache::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  for (const char* host : {"host.example.org", "host"}) {
    scache::fuzz::run(text, scache::fuzz::on_host(host));
  }
  return 0;
}
