// SPDX-License-Identifier: Apache-2.0
// Prints parameters as Postfix's postconf does, for comparison with it:
//
//   print_main_cf [-c DIR] NAME...      like postconf -x -c DIR NAME...
//
// Here every name can refer to every default, whatever the order in which a server reads them.
// Warnings and the fatal error go to standard error, one a line.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "main_cf/defaults.hpp"
#include "main_cf/expand.hpp"
#include "main_cf/file.hpp"
#include "main_cf/parameters.hpp"

namespace {

using namespace scache::base;
using namespace scache::main_cf;

class StandardError final : public Log {
 public:
  void write(Severity severity, std::string_view text) noexcept override {
    std::string line{text};
    std::ranges::replace(line, '\n', '?');
    const std::string_view kind = severity == Severity::fatal ? "fatal" : "warning";
    fmt::print(stderr, "print_main_cf: {}: {}\n", kind, line);
  }
};

Result<void> print(const Settings& settings, const std::vector<std::string>& names, Log& log) {
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
    fmt::print("{} = {}\n", name, *value);
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const char* const environment = std::getenv("MAIL_CONFIG");
  std::string directory = config_directory(environment != nullptr ? environment : "");
  for (int option = 0; (option = ::getopt(argc, argv, "c:")) != -1;) {
    if (option != 'c') return 2;
    directory = optarg;
  }
  StandardError log;
  Settings settings;
  settings.set("config_directory", directory);
  auto done = load_file(directory + "/main.cf", settings, log,
                        [] { std::this_thread::sleep_for(std::chrono::milliseconds{300}); });
  if (done) done = print(settings, {argv + optind, argv + argc}, log);
  if (done) return 0;
  log.write(Severity::fatal, done.error().text);
  return 1;
}
