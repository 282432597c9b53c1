// SPDX-License-Identifier: Apache-2.0
#include "postfix/configuration.hpp"

#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "main_cf/file.hpp"
#include "main_cf/host_name.hpp"
#include "main_cf/syslog_facility.hpp"
#include "postfix/start.hpp"

namespace scache::postfix {
namespace {

MailLogTarget target_of(const main_cf::Parameters& parameters, const Environment& environment) {
  MailLogTarget target = MailLogTarget::from(environment);
  target.syslog_name = parameters.syslog_name;
  target.facility = main_cf::facility_by_name(parameters.syslog_facility).value_or(target.facility);
  target.utf8 = parameters.smtputf8_enable;
  target.hostname = parameters.myhostname;
  // Without a log file, log to syslog and ignore the environment.
  target.postlog_service.clear();
  if (!parameters.maillog_file.empty()) {
    target.postlog_service =
        parameters.queue_directory + "/public/" + parameters.postlog_service_name;
  }
  return target;
}

// -D: runs debugger_command of main.cf.
Result<void> debug(const main_cf::Settings& settings, Log& log) {
  const std::string* const command = settings.find("debugger_command");
  const auto value = main_cf::evaluate(command == nullptr ? "" : *command, settings, log);
  if (!value) return std::unexpected{value.error()};
  return run_debugger(*value, log);
}

}  // namespace

Result<main_cf::Parameters> configure(const Options& options, const Result<void>& understood,
                                      const Environment& environment, MailLog& log) {
  const main_cf::Process process{
      .name = options.process_name,
      .service_name = options.service_name,
      .id = ::getpid(),
      .host_name = main_cf::own_host_name(),
      .config_directory = main_cf::config_directory(environment.config_directory),
  };
  main_cf::Settings settings = main_cf::initial_settings(process);
  const auto loaded = main_cf::load_file(process.config_directory + "/main.cf", settings, log, [] {
    std::this_thread::sleep_for(std::chrono::milliseconds{300});
  });
  if (!loaded) return std::unexpected{loaded.error()};
  if (!understood) return std::unexpected{understood.error()};
  for (const auto& [name, value] : options.settings) settings.set(name, value);

  const auto facility = main_cf::read_syslog_facility(process, settings, log);
  if (!facility) return std::unexpected{facility.error()};
  MailLogTarget early = MailLogTarget::from(environment);
  early.facility = main_cf::facility_by_name(*facility).value_or(early.facility);
  log.reopen(std::move(early));

  auto parameters = main_cf::read_parameters(process, system_accounts(), settings, log);
  if (!parameters) return parameters;
  log.reopen(target_of(*parameters, environment));
  if (const auto started = check_not_by_hand(options); !started) {
    log.copy_to_stderr(options.process_name);
    return std::unexpected{started.error()};
  }
  const auto read = main_cf::read_cache_parameters(settings, log, *parameters);
  if (!read) return std::unexpected{read.error()};
  if (const auto service = options.check_service(); !service) {
    return std::unexpected{service.error()};
  }
  if (options.debugger) {
    if (const auto debugged = debug(settings, log); !debugged) {
      return std::unexpected{debugged.error()};
    }
  }
  return parameters;
}

}  // namespace scache::postfix
