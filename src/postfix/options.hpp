// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "postfix/environment.hpp"

namespace scache::postfix {

// Options is the command line of a child of master(8); see scache(8) for each option.
struct Options {
  // The base name of argv[0].
  std::string process_name;
  // -n; the default is the process name.
  std::string service_name;
  // -c: enter the queue directory with chroot(2).
  bool chroot = false;
  // -d: may be started from a terminal.
  bool from_terminal = false;
  // -D: start the debugger.
  bool debugger = false;
  // -l: no other process serves the same service.
  bool alone = false;
  // -S: serve one client, on standard input, a socket.
  bool one_client = false;
  // -u: become the mail owner.
  bool drop_privileges = false;
  // The number of -v.
  int verbosity = 0;
  // -V: log to standard error too.
  bool log_to_stderr = false;
  // -z: the process limit is 0. Accepted and ignored.
  bool unlimited = false;
  // -s: the number of inherited listening sockets.
  int sockets = 1;
  // -t: "unix" or "inet".
  std::optional<std::string> transport;
  // -o NAME=VALUE, and -i and -m as parameters of main.cf; a later one overrides.
  std::vector<std::pair<std::string, std::string>> settings;
  // Arguments after the options. If there are any, the first request fails.
  std::vector<std::string> arguments;

  // Initial values from the environment.
  explicit Options(const Environment& environment = {});

  // Parses the command line, including the program name. After an error the options before the bad
  // one are set: -V determines whether the error is shown on standard error.
  Result<void> read(std::span<const char* const> command_line);

  // Checks the options that a server requires. Called after main.cf was read, as in Postfix.
  Result<void> check_service() const;

 private:
  Result<void> take(char letter, const std::string& value);
};

}  // namespace scache::postfix
