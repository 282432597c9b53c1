// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <scache/connection.hpp>
#include <string>
#include <variant>
#include <vector>

// The command line of scachectl(1).
namespace scache::ctl {

struct PingCommand {};

struct StatsCommand {
  // The interval between two samples; without one there is one sample.
  std::optional<std::chrono::milliseconds> watch;
};

struct ListCommand {
  std::string pattern = "*";
  bool connections = true;
  bool bindings = true;
  bool properties = false;
};

struct DropCommand {
  enum class By { endpoint, destination, prefix };
  By by = By::prefix;
  std::string name;
};

struct SaveCommand {
  std::string endpoint;
  std::string properties;
  int descriptor = -1;
  SaveOptions options;
};

// A program, and whether it gets the connection on standard input and output or on descriptors 6
// and 7.
struct Program {
  std::vector<std::string> words;
  bool stdio = false;
};

struct FindCommand {
  bool by_destination = false;
  std::string name;
  Program program;
};

struct RunCommand {
  std::string endpoint;
  // Without a value, a found connection keeps its properties.
  std::optional<std::string> properties;
  std::string host;
  std::string port;
  std::chrono::milliseconds connect_timeout{30'000};
  SaveOptions options;
  Program program;
};

struct PostfixCommand {
  enum class Action { status, enable, disable };
  Action action = Action::status;
  // The program scache for master.cf; or whether scached takes its place.
  std::string program;
  bool by_scached = false;
  // Empty for the default of Postfix.
  std::string config_directory;
  bool yes = false;
};

using Command = std::variant<PingCommand, StatsCommand, ListCommand, DropCommand, SaveCommand,
                             FindCommand, RunCommand, PostfixCommand>;

struct Options {
  // Empty if neither the command line nor the environment names one.
  std::string socket;
  std::chrono::milliseconds timeout{2'000};
  bool json = false;
  bool verbose = false;
  Command command;
};

// Reads the command line; `socket` is the default. Returns an exit status after it has printed the
// help, the version or an error.
std::expected<Options, int> read_options(int argc, const char* const* argv, std::string socket);

}  // namespace scache::ctl
