// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "base/result.hpp"
#include "main_cf/mail_owner.hpp"
#include "main_cf/settings.hpp"

namespace scache::main_cf {

// The data of this process that do not come from main.cf.
struct Process {
  std::string name;          // The last part of argv[0].
  std::string service_name;  // -n, or the name.
  pid_t id = 0;
  std::string host_name;         // From gethostname(2).
  std::string config_directory;  // The directory of main.cf.
};

// The parameters of scache(8), checked. Some are only checked (max_use), or only referred to by
// others (mydomain, multi_instance_name).
struct Parameters {
  std::chrono::seconds connection_cache_ttl_limit{};
  std::chrono::seconds connection_cache_status_update_time{};
  // A parameter of this program only: whether cached connections are closed with a QUIT.
  bool connection_cache_goodbye = true;
  std::chrono::seconds daemon_timeout{};
  std::chrono::seconds ipc_timeout{};
  std::chrono::seconds max_idle{};
  int max_use = 0;
  std::string config_directory;
  std::string process_name;
  std::string service_name;
  pid_t process_id = 0;
  std::string syslog_facility;
  bool smtputf8_enable = false;  // Whether UTF-8 is logged unchanged.
  std::string syslog_name;
  std::string multi_instance_name;
  std::string maillog_file;
  std::string maillog_file_prefixes;
  std::string postlog_service_name;
  std::string queue_directory;
  std::string myhostname;
  std::string mydomain;
  Account mail_owner;
};

// The directory of main.cf; `mail_config` is the value of MAIL_CONFIG, or empty.
std::string config_directory(std::string_view mail_config);

// The settings before main.cf is read, such as `$process_name` and `$config_directory`.
Settings initial_settings(const Process& process);

// Parameters are read in three steps, because each step determines where the errors of the next are
// logged: the facility; the parameters of all Postfix programs, including syslog_name; and, after a
// check of the log file, the parameters of this program. Each step adds its defaults to `settings`.
// Errors are complete texts for the log.
Result<std::string> read_syslog_facility(const Process& process, Settings& settings, Log& log);
Result<Parameters> read_parameters(const Process& process, const Accounts& accounts,
                                   Settings& settings, Log& log);
Result<void> read_cache_parameters(Settings& settings, Log& log, Parameters& parameters);

// `text` with every `$name` replaced from `settings`.
Result<std::string> evaluate(std::string_view text, const Settings& settings, Log& log);

}  // namespace scache::main_cf
