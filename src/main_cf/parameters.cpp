// SPDX-License-Identifier: Apache-2.0
// From settings to parameters, in the order of Postfix's programs.
//
// The parameters are read one by one. The value of main.cf or of an option is expanded. Without a
// value, the expanded default becomes the setting, to which later parameters can refer. A value can
// refer to a later parameter only if that is set. Parameters that this program does not use are not
// checked: a newer Postfix may allow other values.
#include "main_cf/parameters.hpp"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "main_cf/compatibility_level.hpp"
#include "main_cf/defaults.hpp"
#include "main_cf/expand.hpp"
#include "main_cf/host_name.hpp"
#include "main_cf/syslog_facility.hpp"
#include "main_cf/time_value.hpp"

namespace scache::main_cf {
namespace {

constexpr std::string_view kDefaultConfigDirectory = "/etc/postfix";
constexpr std::string_view kDefaultDomain = "localdomain";
constexpr char kDefaultTimeUnit = 's';

std::unexpected<Error> failure(std::string text) {
  return std::unexpected(Error{std::move(text)});
}

std::optional<bool> boolean_in(const std::string& text) {
  if (::strcasecmp(text.c_str(), "yes") == 0) return true;
  if (::strcasecmp(text.c_str(), "no") == 0) return false;
  return std::nullopt;
}

// Reader reads parameters one by one and keeps their values.
class Reader {
 public:
  Reader(const Process& process, Settings& settings, Log& log)
      : process_{process}, settings_{settings}, log_{log} {}

  Result<void> read(std::span<const Default> group) {
    for (const Default& parameter : group) {
      const auto done = read(parameter);
      if (!done) return done;
    }
    return {};
  }

  Result<void> read_facility() {
    if (const auto done = read(defaults_before_host_name()); !done) return done;
    const std::string& facility = text("syslog_facility");
    if (facility_by_name(facility)) return {};
    return failure(
        in_main_cf(fmt::format("parameter syslog_facility: unrecognized value: {}", facility)));
  }

  // myhostname is the name of the machine, followed by $mydomain if it has no domain; mydomain is
  // the part of myhostname after the first dot.
  Result<void> read_host_names() {
    if (const auto done = read_host_name(); !done) return done;
    const std::string& host = text("myhostname");
    const auto dot = host.find('.');
    const std::string domain{dot == std::string::npos ? kDefaultDomain
                                                      : std::string_view{host}.substr(dot + 1)};
    if (const auto done = read({"mydomain", domain, Kind::word}); !done) return done;
    for (const std::string_view name : {"myhostname", "mydomain"}) {
      const auto complaint = host_name_complaint(text(name));
      if (!complaint) continue;
      log_.write(Severity::warning, *complaint);
      return failure(
          in_main_cf(fmt::format("parameter {}: bad parameter value: {}", name, text(name))));
    }
    return {};
  }

  // The text of a parameter that was read.
  const std::string& text(std::string_view name) const { return texts_.find(name)->second; }
  std::chrono::seconds time(std::string_view name) const { return times_.find(name)->second; }

  std::string in_main_cf(std::string_view what) const {
    return fmt::format("file {}/main.cf: {}", process_.config_directory, what);
  }

 private:
  Result<void> read(const Default& parameter) {
    const std::string* const given = settings_.find(parameter.name);
    if (given != nullptr && parameter.kind == Kind::reference) return {};
    auto value = evaluate(given != nullptr ? *given : parameter.value, settings_, log_);
    if (!value) return std::unexpected(value.error());
    if (given == nullptr) settings_.set(parameter.name, *value);
    if (auto done = check(parameter, *value); !done) return done;
    texts_.insert_or_assign(std::string{parameter.name}, std::move(*value));
    return {};
  }

  Result<void> check(const Default& parameter, const std::string& value) {
    switch (parameter.kind) {
      case Kind::reference:
      case Kind::text:
        break;
      case Kind::word:
        if (value.empty()) {
          return failure(fmt::format("bad string length 0 < 1: {} = ", parameter.name));
        }
        break;
      case Kind::boolean:
        if (!boolean_in(value)) {
          return failure(fmt::format("bad boolean configuration: {} = {}", parameter.name, value));
        }
        break;
      case Kind::number:
        return check_number(parameter.name, value);
      case Kind::time: {
        const auto seconds = parse_time(value, kDefaultTimeUnit);
        if (!seconds) {
          return failure(
              fmt::format("parameter {}: bad time value or unit: {}", parameter.name, value));
        }
        if (seconds->count() < 1) {
          return failure(fmt::format("invalid {}: {} (min 1)", parameter.name, seconds->count()));
        }
        times_.insert_or_assign(std::string{parameter.name}, *seconds);
        break;
      }
    }
    if (parameter.name == "compatibility_level" && !parse_compatibility_level(value)) {
      return failure(fmt::format("malformed compatibility level syntax: \"{}\"", value));
    }
    return {};
  }

  static Result<void> check_number(std::string_view name, const std::string& value) {
    char* end = nullptr;
    errno = 0;
    const long number = std::strtol(value.c_str(), &end, 10);
    const bool fits = errno != ERANGE && number >= std::numeric_limits<int>::min() &&
                      number <= std::numeric_limits<int>::max();
    if (value.empty() || *end != '\0' || !fits) {
      return failure(fmt::format("bad numerical configuration: {} = {}", name, value));
    }
    if (number < 1) {
      return failure(fmt::format("invalid {} parameter value {} < 1", name, number));
    }
    return {};
  }

  Result<void> read_host_name() {
    std::string host;
    if (settings_.find("myhostname") == nullptr) {
      host = process_.host_name;
      if (const auto complaint = host_name_complaint(host)) {
        log_.write(Severity::warning, *complaint);
        return failure("unable to use my own hostname");
      }
      if (!host.contains('.')) {
        const std::string* const domain = settings_.find("mydomain");
        const auto value = evaluate(domain != nullptr ? *domain : kDefaultDomain, settings_, log_);
        if (!value) return std::unexpected(value.error());
        host += '.' + *value;
      }
    }
    return read({"myhostname", host, Kind::word});
  }

  const Process& process_;
  Settings& settings_;
  Log& log_;
  std::map<std::string, std::string, std::less<>> texts_;
  std::map<std::string, std::chrono::seconds, std::less<>> times_;
};

// Whether a log file is in one of the permitted directories.
bool has_prefix(std::string_view file, std::string_view prefixes) {
  constexpr std::string_view kSeparators = ", \t\r\n";
  while (!prefixes.empty()) {
    const auto prefix = prefixes.substr(0, prefixes.find_first_of(kSeparators));
    if (!prefix.empty() && file.starts_with(prefix)) return true;
    prefixes.remove_prefix(std::min(prefix.size() + 1, prefixes.size()));
  }
  return false;
}

}  // namespace

std::string config_directory(std::string_view mail_config) {
  return std::string{mail_config.empty() ? kDefaultConfigDirectory : mail_config};
}

Settings initial_settings(const Process& process) {
  Settings settings;
  settings.set("process_name", process.name);
  settings.set("config_directory", process.config_directory);
  return settings;
}

Result<std::string> evaluate(std::string_view text, const Settings& settings, Log& log) {
  return expand(text, [&](std::string_view name) { return settings.find(name); }, log);
}

Result<std::string> read_syslog_facility(const Process& process, Settings& settings, Log& log) {
  settings.set("service_name", process.service_name);
  Reader reader{process, settings, log};
  if (const auto done = reader.read_facility(); !done) return std::unexpected(done.error());
  return reader.text("syslog_facility");
}

Result<Parameters> read_parameters(const Process& process, const Accounts& accounts,
                                   Settings& settings, Log& log) {
  settings.set("service_name", process.service_name);
  Reader reader{process, settings, log};
  auto done = reader.read_facility();
  if (done) done = reader.read_host_names();
  if (done) done = reader.read(defaults_after_host_name());
  if (!done) return std::unexpected(done.error());
  const auto owner = find_mail_owner(reader.text("mail_owner"), accounts);
  if (!owner) return failure(reader.in_main_cf(owner.error().text));
  settings.set("process_id", std::to_string(process.id));

  Parameters parameters;
  parameters.daemon_timeout = reader.time("daemon_timeout");
  parameters.ipc_timeout = reader.time("ipc_timeout");
  parameters.max_idle = reader.time("max_idle");
  parameters.max_use = static_cast<int>(std::strtol(reader.text("max_use").c_str(), nullptr, 10));
  parameters.config_directory = process.config_directory;
  parameters.process_name = process.name;
  parameters.service_name = process.service_name;
  parameters.process_id = process.id;
  parameters.syslog_facility = reader.text("syslog_facility");
  parameters.smtputf8_enable = *boolean_in(reader.text("smtputf8_enable"));
  parameters.syslog_name = reader.text("syslog_name");
  parameters.multi_instance_name = reader.text("multi_instance_name");
  parameters.maillog_file = reader.text("maillog_file");
  parameters.maillog_file_prefixes = reader.text("maillog_file_prefixes");
  parameters.postlog_service_name = reader.text("postlog_service_name");
  parameters.queue_directory = reader.text("queue_directory");
  parameters.myhostname = reader.text("myhostname");
  parameters.mydomain = reader.text("mydomain");
  parameters.mail_owner = *owner;
  return parameters;
}

Result<void> read_cache_parameters(Settings& settings, Log& log, Parameters& parameters) {
  const std::string& file = parameters.maillog_file;
  if (!file.empty() && !has_prefix(file, parameters.maillog_file_prefixes)) {
    return failure(fmt::format(
        "maillog_file value '{}' does not match any prefix in maillog_file_prefixes", file));
  }
  Process process;
  process.config_directory = parameters.config_directory;
  Reader reader{process, settings, log};
  if (const auto done = reader.read(defaults_of_cache()); !done) return done;
  parameters.connection_cache_ttl_limit = reader.time("connection_cache_ttl_limit");
  parameters.connection_cache_status_update_time =
      reader.time("connection_cache_status_update_time");
  parameters.connection_cache_goodbye = *boolean_in(reader.text("connection_cache_goodbye"));
  return {};
}

}  // namespace scache::main_cf
