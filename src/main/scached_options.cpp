// SPDX-License-Identifier: Apache-2.0
#include "main/scached_options.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "base/process.hpp"

namespace scache::standalone {
namespace {

// The usual exit status for an invalid command line.
constexpr int kUsage = 2;

std::string is_open(const std::string& number) {
  return is_inherited(std::atoi(number.c_str())) ? "" : "descriptor " + number + " is not open";
}

// An empty path is usually an unset variable in a script.
std::string is_named(const std::string& path) {
  return path.empty() ? "the path is empty" : "";
}

}  // namespace

std::expected<ScachedOptions, int> read_scached_options(int argc, char* argv[]) {
  ScachedOptions options;
  std::string level;
  const std::map<std::string, LogLevel> levels{{"error", LogLevel::error},
                                               {"warning", LogLevel::warning},
                                               {"info", LogLevel::info},
                                               {"debug", LogLevel::debug}};

  CLI::App app{"Keeps idle connections open on behalf of many processes.", "scached"};
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string{"scached: "} + error.what() + "\nRun with --help for more information.\n";
  });
  app.add_option("--config", options.configuration,
                 "Read the configuration from this file, see scached.toml(5)")
      ->option_text("FILE")
      ->check(is_named);
  app.add_option("--socket", options.socket, "Listen on this socket")
      ->option_text("PATH")
      ->check(is_named);
  app.add_option("--log-level", level, "Least severity to log: error, warning, info or debug")
      ->option_text("LEVEL")
      ->check([&](const std::string& text) {
        return levels.contains(text)
                   ? ""
                   : "invalid level " + text + ": expected error, warning, info or debug";
      });
  app.add_option("--ready-fd", options.ready_fd,
                 "Write a newline to this descriptor when ready, and close it")
      ->option_text("NUMBER")
      ->check(CLI::Range(3, 1 << 30))
      ->check(is_open);
  app.add_flag("--check", options.check, "Check the configuration and exit");
  app.add_flag("--print-config", options.print, "Print the effective configuration and exit");
  app.set_version_flag("--version", "scached " SCACHE_BUILD);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& stopped) {
    return std::unexpected{app.exit(stopped) == 0 ? EXIT_SUCCESS : kUsage};
  }
  if (!options.socket.empty()) options.socket = std::filesystem::absolute(options.socket);
  if (!level.empty()) options.log_level = levels.at(level);
  return options;
}

}  // namespace scache::standalone
