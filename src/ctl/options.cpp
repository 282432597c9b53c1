// SPDX-License-Identifier: Apache-2.0
#include "ctl/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/duration_text.hpp"
#include "base/process.hpp"
#include "ctl/exit_status.hpp"
#include "ctl/host_port.hpp"
#include "ctl/text.hpp"

namespace scache::ctl {
namespace {

using std::chrono::milliseconds;

constexpr const char* kNames =
    "In names and properties, \\n, \\t, \\\\ and \\xHH stand for bytes, as in the output.";

std::string bytes_of(const std::string& text) {
  const auto bytes = read_bytes(text);
  if (!bytes) {
    throw CLI::ValidationError(text, "invalid escape sequence: expected \\n, \\t, \\\\ or \\xHH");
  }
  return *bytes;
}

milliseconds time_of(const std::string& text) {
  const auto time = parse_duration(text);
  const auto whole = std::chrono::duration_cast<milliseconds>(time.value_or(Duration{}));
  if (whole <= milliseconds{0}) {
    throw CLI::ValidationError(text, "invalid time: expected a value such as 500ms, 30s or 5m");
  }
  return whole;
}

// Each of these defines an option and stores its parsed value in `into`.

CLI::Option* name(CLI::App& app, const char* option, std::string& into, const char* what) {
  return app
      .add_option_function<std::string>(
          option, [&into](const std::string& text) { into = bytes_of(text); }, what)
      ->option_text("NAME");
}

template <typename Time>
CLI::Option* time(CLI::App& app, const char* option, Time& into, const char* what) {
  return app
      .add_option_function<std::string>(
          option, [&into](const std::string& text) { into = time_of(text); }, what)
      ->option_text("TIME");
}

template <typename Text>
void properties(CLI::App& app, Text& into) {
  app.add_option_function<std::string>(
         "--properties", [&into](const std::string& text) { into = bytes_of(text); },
         "Properties to save with the connection")
      ->option_text("TEXT");
}

void save_options(CLI::App& app, SaveOptions& options) {
  time(app, "--ttl", options.ttl, "Time to live (default: set by the server)");
  app.add_flag("--allow-input", options.allow_input, "The connection may have unread input");
  app.add_option_function<std::vector<std::string>>(
         "--bind",
         [&options](const std::vector<std::string>& names) {
           for (const std::string& each : names)
             options.bindings.push_back({bytes_of(each), {}, {}});
         },
         "Bind this destination to the endpoint; may be repeated")
      ->option_text("NAME")
      ->allow_extra_args(false);
}

void program(CLI::App& app, Program& into) {
  app.add_flag("--stdio", into.stdio,
               "Pass the connection as standard input and output, not as descriptors 6 and 7");
  app.footer(std::string{"PROGRAM and its arguments follow the options, after --.\n"} + kNames);
}

// The error message for an invalid command line.
std::string complaint(const CLI::App* app, const CLI::Error& error) {
  std::string what = error.what();
  const auto words = app->remaining();
  if (app->get_subcommands().empty() && !words.empty()) what = words[0] + ": no such command";
  return "scachectl: " + what + "\nRun with --help for more information.\n";
}

// Reader defines the commands and reads one of them. The options of a command write to its member.
class Reader {
 public:
  explicit Reader(std::string socket) {
    options_.socket = std::move(socket);
    app_.require_subcommand(1);
    app_.failure_message(complaint);
    app_.set_version_flag("--version", "scachectl " SCACHE_BUILD);
    app_.option_defaults()->always_capture_default(false);
    app_.add_option("--socket", options_.socket,
                    "Path of the server's socket (default: $SCACHE_SOCKET)")
        ->option_text("PATH");
    time(app_, "--timeout", options_.timeout, "Time limit for each request (default: 2s)");
    app_.add_flag("-v,--verbose", options_.verbose, "Report why `run` does not use the cache");
    app_.add_flag("--json", options_.json, "Print JSON, one object a line");
    define("ping", "Check that the server answers", ping_);
    define_stats();
    define_list();
    define_drop();
    define_save();
    define_find();
    define_run();
    define_postfix();
  }

  // `program` is the words after `--`.
  std::expected<Options, int> read(int argc, const char* const* argv,
                                   std::vector<std::string> program) {
    try {
      program_ = std::move(program);
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& stopped) {
      return std::unexpected{app_.exit(stopped) == 0 ? kOk : kUsage};
    }
    return std::move(options_);
  }

 private:
  // Bindings get the time to live of the connection.
  static void give_ttl(SaveOptions& options) {
    for (Binding& binding : options.bindings) binding.ttl = options.ttl;
  }

  // A command; `place` is copied to the options after all options of the command were read.
  template <typename Place>
  CLI::App& define(const char* name, const char* what, Place& place, bool has_program = false) {
    CLI::App& app = *app_.add_subcommand(name, what);
    app.fallthrough();
    app.final_callback([this, &place, name, has_program] {
      if (has_program == program_.empty()) {
        throw CLI::ValidationError(name, has_program ? "no program given: expected PROGRAM after --"
                                                     : "unexpected arguments after --");
      }
      finish(place);
      options_.command = place;
    });
    return app;
  }
  template <typename Place>
  void finish(Place&) {}
  void finish(FindCommand& find) { find.program.words = std::move(program_); }
  void finish(SaveCommand& save) { give_ttl(save.options); }
  void finish(RunCommand& run) {
    give_ttl(run.options);
    run.program.words = std::move(program_);
  }

  void define_stats() {
    CLI::App& app = define("stats", "Print the server's statistics", stats_);
    app.add_option_function<std::string>(
           "--watch", [this](const std::string& text) { stats_.watch = time_of(text); },
           "Repeat every TIME (default: 1s)")
        ->option_text("[TIME]")
        ->expected(0, 1)
        ->default_str("1s");
  }

  void define_list() {
    CLI::App& app = define("list", "Print connections and bindings", list_);
    app.add_option_function<std::string>(
           "pattern",
           [this](const std::string& text) {
             const auto pattern = read_pattern(text);
             if (!pattern) {
               throw CLI::ValidationError(
                   text, "invalid escape sequence: expected \\n, \\t, \\\\, \\xHH, \\* or \\?");
             }
             list_.pattern = *pattern;
           },
           "Print entries whose name matches; * matches any text, ? any byte")
        ->option_text("[PATTERN]");
    auto* connections = app.add_flag_callback(
        "--connections", [this] { list_.bindings = false; }, "Print only connections");
    app.add_flag_callback(
           "--bindings", [this] { list_.connections = false; }, "Print only bindings")
        ->excludes(connections);
    app.add_flag("--properties", list_.properties, "Print a column of properties, too");
    app.footer(kNames);
  }

  void define_drop() {
    CLI::App& app = define("drop", "Remove connections and bindings", drop_);
    CLI::App& what = *app.add_option_group("selection", "Entries to remove");
    const auto by = [&](const char* option, DropCommand::By way, const char* text) {
      what.add_option_function<std::string>(
              option,
              [this, way](const std::string& name) {
                drop_.by = way;
                drop_.name = bytes_of(name);
              },
              text)
          ->option_text("NAME");
    };
    by("--endpoint", DropCommand::By::endpoint, "All connections of an endpoint");
    by("--destination", DropCommand::By::destination, "All bindings of a destination");
    by("--prefix", DropCommand::By::prefix,
       "All connections whose endpoint, and bindings whose destination, begins with NAME");
    what.add_flag_callback("--all", [this] { drop_ = {}; }, "Everything");
    what.require_option(1);
    app.footer(kNames);
  }

  void define_save() {
    CLI::App& app = define("save", "Save an inherited connection", save_);
    name(app, "--endpoint", save_.endpoint, "Name of its endpoint")->required();
    app.add_option("--fd", save_.descriptor, "Number of its descriptor")
        ->option_text("NUMBER")
        ->required()
        ->check([](const std::string& text) {
          const bool open = is_inherited(std::atoi(text.c_str()));
          return open ? std::string{} : "descriptor " + text + " is not open";
        });
    properties(app, save_.properties);
    save_options(app, save_.options);
    app.footer(kNames);
  }

  void define_find() {
    CLI::App& app = define("find", "Execute a program with a cached connection", find_, true);
    CLI::App& what = *app.add_option_group("selection", "Connection to find");
    name(what, "--endpoint", find_.name, "A connection of this endpoint");
    what.add_option_function<std::string>(
            "--destination",
            [this](const std::string& text) {
              find_.by_destination = true;
              find_.name = bytes_of(text);
            },
            "A connection of the first endpoint bound to this destination that has one")
        ->option_text("NAME");
    what.require_option(1);
    program(app, find_.program);
  }

  void define_run() {
    CLI::App& app =
        define("run", "Run a program with a cached or a new connection, and save it", run_, true);
    app.add_option_function<std::string>(
           "--connect",
           [this](const std::string& text) {
             auto [host, port] = split_host_port(text);
             if (host.empty() || port.empty()) {
               throw CLI::ValidationError(text, "invalid address: expected HOST:PORT");
             }
             if (run_.endpoint.empty()) run_.endpoint = "tcp:" + text;
             run_.host = std::move(host);
             run_.port = std::move(port);
           },
           "Address of a new connection")
        ->option_text("HOST:PORT")
        ->required();
    name(app, "--endpoint", run_.endpoint, "Name of its endpoint (default: tcp:HOST:PORT)");
    time(app, "--connect-timeout", run_.connect_timeout,
         "Time limit for connecting, for each address (default: 30s)");
    properties(app, run_.properties);
    save_options(app, run_.options);
    program(app, run_.program);
  }

  void define_postfix() {
    CLI::App& app =
        define("postfix", "Choose the server that keeps Postfix's connections", postfix_);
    app.require_subcommand(1);
    using Action = PostfixCommand::Action;
    const auto action = [&](const char* name, Action value, const char* what) {
      CLI::App& each = *app.add_subcommand(name, what);
      each.fallthrough();
      each.final_callback([this, value] { postfix_.action = value; });
      return &each;
    };
    action("status", Action::status, "Print which server it is, and whether it answers");
    CLI::App& enable = *action("enable", Action::enable, "Use scache, or scached");
    auto* const program = enable.add_option("--program", postfix_.program, "Path of scache")
                              ->option_text("PATH")
                              ->check(CLI::ExistingFile);
    enable.add_flag("--scached", postfix_.by_scached, "scached listens instead of master(8)")
        ->excludes(program);
    action("disable", Action::disable, "Use the server of Postfix");
    app.add_option("--config-directory", postfix_.config_directory,
                   "Directory of main.cf (default: that of postconf)")
        ->option_text("PATH");
    app.add_flag("--yes", postfix_.yes, "Change the configuration, and reload Postfix");
  }

  CLI::App app_{"Inspects and uses a connection cache.", "scachectl"};
  std::vector<std::string> program_;
  Options options_;
  PingCommand ping_;
  StatsCommand stats_;
  ListCommand list_;
  DropCommand drop_;
  SaveCommand save_;
  FindCommand find_;
  RunCommand run_;
  PostfixCommand postfix_;
};

}  // namespace

std::expected<Options, int> read_options(int argc, const char* const* argv, std::string socket) {
  // The words after `--` may look like options of scachectl, but belong to the program.
  const auto end = argv + argc;
  const auto dashes = std::find(argv, end, std::string_view{"--"});
  std::vector<std::string> program;
  if (dashes != end) program.assign(dashes + 1, end);
  return Reader{std::move(socket)}.read(static_cast<int>(dashes - argv), argv, std::move(program));
}

}  // namespace scache::ctl
