#include "main/scached_options.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "base/process.hpp"

namespace scache::standalone {
namespace {

// As getopt's users expect of a command line that is wrong.
constexpr int kUsage = 2;

std::string is_open(const std::string& number) {
  return is_inherited(std::atoi(number.c_str())) ? "" : number + " is not open";
}

// An empty word is a mistake of whoever has put it together.
std::string is_named(const std::string& path) {
  return path.empty() ? "no path" : "";
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
  app.add_option("--config", options.configuration, "Read this file, see scached.toml(5)")
      ->option_text("FILE")
      ->check(is_named);
  app.add_option("--socket", options.socket, "Listen at this path")
      ->option_text("PATH")
      ->check(is_named);
  app.add_option("--log-level", level, "What to log: error, warning, info, debug")
      ->option_text("LEVEL")
      ->check([&](const std::string& text) {
        return levels.contains(text) ? "" : text + " is none of error, warning, info, debug";
      });
  app.add_option("--ready-fd", options.ready_fd,
                 "When ready, write a newline to this descriptor and close it")
      ->option_text("NUMBER")
      ->check(CLI::Range(3, 1 << 30))
      ->check(is_open);
  app.add_flag("--check", options.check, "Only say whether the configuration is sound");
  app.add_flag("--print-config", options.print, "Only show the configuration that is in force");
  app.set_version_flag("--version", "scached " SCACHE_VERSION);
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
