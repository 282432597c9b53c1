#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <scache/connection.hpp>
#include <string>
#include <variant>
#include <vector>

// The command line of scachectl, as its manual has it.
namespace scache::ctl {

struct PingCommand {};

struct StatsCommand {
  // Again and again, with so long between them.
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

// A program, and how it is given a connection: on descriptors 6 and 7, or on standard input and
// output.
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
  // Without them, those of the connection that was found stay.
  std::optional<std::string> properties;
  std::string host;
  std::string port;
  std::chrono::milliseconds connect_timeout{30'000};
  SaveOptions options;
  Program program;
};

using Command = std::variant<PingCommand, StatsCommand, ListCommand, DropCommand, SaveCommand,
                             FindCommand, RunCommand>;

struct Options {
  // Empty where nobody has named one.
  std::string socket;
  std::chrono::milliseconds timeout{2'000};
  bool json = false;
  bool verbose = false;
  Command command;
};

// Reads the command line; `socket` is what holds where it names none. Instead of options, the exit
// status of a process that is done: it has told its help, its version, or what is wrong.
std::expected<Options, int> read_options(int argc, const char* const* argv, std::string socket);

}  // namespace scache::ctl
