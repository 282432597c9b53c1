// Prints parameters as they are read, for comparison with Postfix's own programs:
//
//   print_main_cf [-c DIR] [-o NAME=VALUE]... NAME...     like postconf -x: every name finds every
//                                                         default
//   print_main_cf -s [-c DIR] [-o NAME=VALUE]...          like a server that starts: the parameters
//                                                         are read one after the other, and checked
//
// Warnings and the error that ends the program go to standard error, one to a line.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "postfix/defaults.hpp"
#include "postfix/expand.hpp"
#include "postfix/main_cf.hpp"
#include "postfix/parameters.hpp"

namespace {

using namespace scache;
using namespace scache::postfix;

class StandardError final : public Log {
 public:
  void write(Severity severity, std::string_view text) noexcept override {
    std::string line{text};
    std::ranges::replace(line, '\n', '?');
    const std::string_view kind = severity == Severity::fatal ? "fatal" : "warning";
    fmt::print(stderr, "{}: {}: {}\n", tag, kind, line);
  }

  // What every line begins with, as the program's own log lines would.
  std::string tag = "print_main_cf";
};

void take_a_moment() {
  std::this_thread::sleep_for(std::chrono::milliseconds{300});
}

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

void print(std::string_view name, std::string_view value) {
  fmt::print("{} = {}\n", name, value);
}

Result<void> print_named(const Settings& settings, std::span<const std::string> names, Log& log) {
  std::string found_default;
  const Lookup lookup = [&](std::string_view name) -> const std::string* {
    if (const std::string* const given = settings.find(name)) return given;
    const Default* const parameter = find_default(name);
    if (parameter == nullptr) return nullptr;
    found_default = parameter->value;
    return &found_default;
  };
  for (const std::string& name : names) {
    const std::string* const raw = lookup(name);
    if (raw == nullptr) continue;
    const auto value = expand(std::string{*raw}, lookup, log);
    if (!value) return std::unexpected(value.error());
    print(name, *value);
  }
  return {};
}

Result<void> print_as_server(const Process& process, Settings& settings, StandardError& log) {
  auto parameters = read_parameters(process, system_accounts(), settings, log);
  if (!parameters) return std::unexpected(parameters.error());
  log.tag = parameters->syslog_name + "/scache";
  if (auto done = read_cache_parameters(settings, log, *parameters); !done) return done;
  const Parameters& p = *parameters;
  print("connection_cache_ttl_limit", fmt::to_string(p.connection_cache_ttl_limit.count()));
  print("connection_cache_status_update_time",
        fmt::to_string(p.connection_cache_status_update_time.count()));
  print("daemon_timeout", fmt::to_string(p.daemon_timeout.count()));
  print("ipc_timeout", fmt::to_string(p.ipc_timeout.count()));
  print("max_idle", fmt::to_string(p.max_idle.count()));
  print("config_directory", p.config_directory);
  print("process_name", p.process_name);
  print("service_name", p.service_name);
  print("syslog_facility", p.syslog_facility);
  print("syslog_name", p.syslog_name);
  print("maillog_file", p.maillog_file);
  print("postlog_service_name", p.postlog_service_name);
  print("queue_directory", p.queue_directory);
  print("mail_owner", p.mail_owner.name);
  print("myhostname", p.myhostname);
  print("mydomain", p.mydomain);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  StandardError log;
  const char* environment = std::getenv("MAIL_CONFIG");
  std::string directory = config_directory(environment != nullptr ? environment : "");
  std::vector<std::string> options;
  bool server = false;
  for (int option; (option = ::getopt(argc, argv, "c:o:s")) != -1;) {
    if (option == 'c') directory = optarg;
    if (option == 'o') options.emplace_back(optarg);
    if (option == 's') server = true;
    if (option == '?') return 2;
  }
  const Process process{.name = "scache",
                        .service_name = "scache",
                        .id = ::getpid(),
                        .host_name = host_name(),
                        .config_directory = directory};
  Settings settings = initial_settings(process);
  auto done = load_main_cf(directory + "/main.cf", settings, log, take_a_moment);
  if (done && server) {
    if (const auto name = early_syslog_name("", settings, log)) log.tag = *name + "/scache";
  }
  for (const std::string& option : options) {
    if (done) done = apply_option(option, settings);
  }
  const std::vector<std::string> names{argv + optind, argv + argc};
  if (done) {
    done = server ? print_as_server(process, settings, log) : print_named(settings, names, log);
  }
  if (done) return 0;
  log.write(Severity::fatal, done.error().text);
  return 1;
}
