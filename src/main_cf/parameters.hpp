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

// What is known about this process without main.cf.
struct Process {
  std::string name;          // The last part of argv[0].
  std::string service_name;  // -n, or the name.
  pid_t id = 0;
  std::string host_name;         // What gethostname() says.
  std::string config_directory;  // Where main.cf is.
};

// Every parameter that scache(8) looks at, checked. Some have no effect but that they must be sound
// (max_use), or are there for others to refer to (mydomain, multi_instance_name).
struct Parameters {
  std::chrono::seconds connection_cache_ttl_limit{};
  std::chrono::seconds connection_cache_status_update_time{};
  std::chrono::seconds daemon_timeout{};
  std::chrono::seconds ipc_timeout{};
  std::chrono::seconds max_idle{};
  int max_use = 0;
  std::string config_directory;
  std::string process_name;
  std::string service_name;
  pid_t process_id = 0;
  std::string syslog_facility;
  bool smtputf8_enable = false;  // Whether the log may show UTF-8.
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

// The folder of main.cf; `mail_config` is the value of MAIL_CONFIG, empty where there is none.
std::string config_directory(std::string_view mail_config);

// What stands before main.cf is read, for `$process_name` and `$config_directory`.
Settings initial_settings(const Process& process);

// The reading goes in three steps, because each decides where the errors of the next are logged:
// the facility; what every program of Postfix reads, syslog_name with it; what this one reads in
// addition, after a look at where the log goes. Defaults are entered into `settings` as they become
// known. Errors are complete texts for the log.
Result<std::string> read_syslog_facility(const Process& process, Settings& settings, Log& log);
Result<Parameters> read_parameters(const Process& process, const Accounts& accounts,
                                   Settings& settings, Log& log);
Result<void> read_cache_parameters(Settings& settings, Log& log, Parameters& parameters);

// The value of `text` with every `$name` replaced from `settings`.
Result<std::string> evaluate(std::string_view text, const Settings& settings, Log& log);

}  // namespace scache::main_cf
