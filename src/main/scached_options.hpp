// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "standalone/server_log.hpp"

namespace scache::standalone {

// The command line of scached.
struct ScachedOptions {
  std::string configuration;
  std::string socket;
  std::optional<LogLevel> log_level;
  int ready_fd = -1;
  bool check = false;
  bool print = false;
};

// Reads the command line. Returns an exit status after it has printed the help, the version or an
// error.
std::expected<ScachedOptions, int> read_scached_options(int argc, char* argv[]);

}  // namespace scache::standalone
