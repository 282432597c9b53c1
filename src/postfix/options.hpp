#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "postfix/environment.hpp"

namespace scache::postfix {

// Options is the command line that master(8) gives its children; see scache(8) for each option.
struct Options {
  // The base name of the program as it was called.
  std::string process_name;
  // -n; without it the process name.
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
  // -v, as often as it was given.
  int verbosity = 0;
  // -V: log to standard error too.
  bool log_to_stderr = false;
  // -z: the process limit is 0. Accepted, without a meaning here.
  bool unlimited = false;
  // -s: how many listening sockets were inherited.
  int sockets = 1;
  // -t: "unix" or "inet".
  std::optional<std::string> transport;
  // -o NAME=VALUE, -i and -m as what they mean in main.cf; a later one wins.
  std::vector<std::pair<std::string, std::string>> settings;
  // What stands behind the options. The first request fails when there is anything.
  std::vector<std::string> arguments;

  // What the environment asks for before an option does.
  explicit Options(const Environment& environment = {});

  // Reads the command line, program name first. On an error, what stood before the bad option
  // holds: -V decides whether the error is shown on standard error.
  Result<void> read(std::span<const char* const> command_line);

  // Whether a server can be made of it: asked after main.cf was read, as Postfix does.
  Result<void> check_service() const;

 private:
  Result<void> take(char letter, const std::string& value);
};

}  // namespace scache::postfix
