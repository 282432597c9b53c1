// SPDX-License-Identifier: Apache-2.0
#include "postfix/start.hpp"

#include <cstdlib>
#include <thread>

namespace scache::postfix {

Result<void> check_not_by_hand(const Options& options, int input) {
  if (options.from_terminal || options.one_client || ::isatty(input) == 0) return {};
  return std::unexpected{Error{"do not run this command by hand"}};
}

Result<void> run_debugger(const std::string& command, Log& log) {
  if (command.empty()) return std::unexpected{Error{"no debugger_command variable set up"}};
  log.write(Severity::info, "running: " + command);
  log.flush();
  [[maybe_unused]] const int status = std::system(command.c_str());
  return {};
}

int fail_start(Log& log, std::string_view text, std::chrono::milliseconds pause) {
  log.write(Severity::fatal, text);
  log.flush();
  std::this_thread::sleep_for(pause);
  return EXIT_FAILURE;
}

}  // namespace scache::postfix
