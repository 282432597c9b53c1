// SPDX-License-Identifier: Apache-2.0
#include "ctl/postfix.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <scache/client.hpp>
#include <utility>

#include "ctl/complaint.hpp"
#include "ctl/exit_status.hpp"
#include "ctl/master_cf.hpp"
#include "ctl/subprocess.hpp"
#include "ctl/text.hpp"

namespace scache::ctl {
namespace {

namespace fs = std::filesystem;

// How long the server may take to answer.
constexpr std::chrono::milliseconds kPatience{2'000};

std::unexpected<base::Error> failure(std::string text) {
  return std::unexpected{base::Error{std::move(text)}};
}

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(" \t\n") + 1);
  return text;
}

// Replaces a file; its owner and mode stay.
base::Result<void> write_file(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  std::ofstream file{fresh, std::ios::binary | std::ios::trunc};
  file << text;
  file.close();
  struct stat before{};
  if (!file || ::stat(path.c_str(), &before) != 0 ||
      ::chown(fresh.c_str(), before.st_uid, before.st_gid) != 0 ||
      ::chmod(fresh.c_str(), before.st_mode & 07777) != 0 ||
      ::rename(fresh.c_str(), path.c_str()) != 0) {
    return failure(fmt::format("{}: {}", path, std::strerror(errno)));
  }
  return {};
}

base::Result<std::string> read_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) return failure(fmt::format("{}: {}", path, std::strerror(errno)));
  return std::string{std::istreambuf_iterator<char>{file}, {}};
}

// A Postfix instance, by its commands.
class Instance {
 public:
  // An empty directory means the default of Postfix.
  static base::Result<Instance> find(std::string directory) {
    Instance instance;
    if (directory.empty()) {
      auto standard = run_checked({"postconf", "-h", "config_directory"});
      if (!standard) return std::unexpected{standard.error()};
      directory = trimmed(*std::move(standard));
    }
    instance.directory_ = std::move(directory);
    for (auto [name, into] : {std::pair{"daemon_directory", &instance.daemons_},
                              std::pair{"queue_directory", &instance.queue_}}) {
      auto value = instance.postconf({"-hx", name});
      if (!value) return std::unexpected{value.error()};
      *into = trimmed(*std::move(value));
    }
    auto line = instance.postconf({"-M", "scache/unix"});
    // postconf(1) warns of a line that does not exist.
    instance.line_ = line ? service_line(*line) : ServiceLine{};
    auto text = read_file(instance.master_cf());
    if (!text) return std::unexpected{text.error()};
    instance.text_ = *std::move(text);
    auto status = run_program({"postfix", "-c", instance.directory_, "status"});
    if (!status) return std::unexpected{status.error()};
    instance.is_running_ = status->status == 0;
    return instance;
  }

  const std::string& directory() const { return directory_; }
  std::string master_cf() const { return directory_ + "/master.cf"; }
  std::string socket() const { return queue_ + "/private/scache"; }
  const ServiceLine& line() const { return line_; }
  // The text of master.cf.
  const std::string& text() const { return text_; }
  bool is_running() const { return is_running_; }

  // The command of master.cf that starts a program.
  std::string command_of(const std::string& program) const {
    return fs::canonical(program).lexically_relative(fs::canonical(daemons_)).string();
  }
  // The program that the line starts.
  std::string program() const {
    std::error_code error;
    const fs::path daemons = fs::canonical(daemons_, error);
    return (daemons / line_[kCommandWord]).lexically_normal();
  }

  std::vector<std::string> words_of_postconf(std::vector<std::string> rest) const {
    std::vector<std::string> words{"postconf", "-c", directory_};
    words.insert(words.end(), rest.begin(), rest.end());
    return words;
  }
  std::vector<std::string> words_of_postfix(std::string what) const {
    return {"postfix", "-c", directory_, std::move(what)};
  }

  static base::Result<std::string> run_checked(const std::vector<std::string>& words) {
    auto finished = run_program(words);
    if (!finished) return std::unexpected{finished.error()};
    if (finished->status == 0) return std::move(finished->output);
    return failure(fmt::format("{}: exit status {}: {}", fmt::join(words, " "), finished->status,
                               trimmed(finished->output + finished->errors)));
  }

 private:
  base::Result<std::string> postconf(std::vector<std::string> rest) const {
    return run_checked(words_of_postconf(std::move(rest)));
  }

  std::string directory_;
  std::string daemons_;
  std::string queue_;
  ServiceLine line_;
  std::string text_;
  bool is_running_ = false;
};

std::string shown(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    const bool is_plain = word.find_first_of(" '\"#*?$") == std::string::npos;
    text += (text.empty() ? "" : " ") + (is_plain ? word : "'" + word + "'");
  }
  return text;
}

// Changes of master.cf. Either may be missing.
struct Plan {
  // The text that the file gets first.
  std::optional<std::string> text{};
  std::vector<std::string> postconf{};

  bool is_empty() const { return !text && postconf.empty(); }
};

// The scache that was installed, or built, with this program; empty if there is none.
std::string installed_scache() {
  std::error_code error;
  const fs::path directory = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const char* const place : {"../libexec/scache/scache", "scache"}) {
    if (fs::is_regular_file(directory / place, error)) return directory / place;
  }
  return {};
}

Plan plan_command(const Instance& postfix, const std::string& command) {
  Plan plan;
  ServiceLine line = postfix.line();
  if (line.empty()) {
    // As Debian's Postfix has it.
    line = {"scache", "unix", "-", "-", "y", "-", "1", ""};
    if (auto found = uncommented(postfix.text())) {
      plan.text = std::move(found->text);
      line = std::move(found->line);
    }
  }
  const ServiceLine wanted = with_command(line, command);
  if (wanted != line) plan.postconf = postfix.words_of_postconf({"-M", setting_of(wanted)});
  return plan;
}

base::Result<Plan> plan_of(const PostfixCommand& command, const Instance& postfix) {
  if (command.action == PostfixCommand::Action::disable) return plan_command(postfix, "scache");
  if (command.by_scached) {
    Plan plan;
    if (!postfix.line().empty()) plan.postconf = postfix.words_of_postconf({"-M#", "scache/unix"});
    return plan;
  }
  const std::string program = command.program.empty() ? installed_scache() : command.program;
  if (program.empty()) return failure("scache is not installed beside scachectl: use --program");
  if (postfix.command_of(program).find_first_of(" \t\n") != std::string::npos) {
    return failure(fmt::format("{}: master.cf cannot have a path with white space", program));
  }
  return plan_command(postfix, postfix.command_of(program));
}

base::Result<void> carry_out(const Plan& plan, const Instance& postfix) {
  if (plan.text) {
    if (auto written = write_file(postfix.master_cf(), *plan.text); !written) return written;
  }
  for (const auto& words : {plan.postconf, postfix.words_of_postfix("check")}) {
    if (words.empty()) continue;
    if (const auto done = Instance::run_checked(words); !done) {
      const auto restored = write_file(postfix.master_cf(), postfix.text());
      return failure(fmt::format("{}; {} is {}", done.error().text, postfix.master_cf(),
                                 restored ? "what it was" : restored.error().text));
    }
  }
  if (!postfix.is_running()) return {};
  if (const auto done = Instance::run_checked(postfix.words_of_postfix("reload")); !done) {
    return std::unexpected{done.error()};
  }
  return {};
}

int change(const PostfixCommand& command, const Instance& postfix) {
  const auto plan = plan_of(command, postfix);
  if (!plan) {
    complain(plan.error().text);
    return kFailed;
  }
  if (plan->is_empty()) {
    fmt::print("nothing to do\n");
    return kOk;
  }
  if (plan->text) fmt::print("uncomment scache in {}\n", postfix.master_cf());
  if (!plan->postconf.empty()) fmt::print("{}\n", shown(plan->postconf));
  fmt::print("{}\n", shown(postfix.words_of_postfix("check")));
  if (postfix.is_running()) fmt::print("{}\n", shown(postfix.words_of_postfix("reload")));
  if (!command.yes) {
    fmt::print("nothing was changed: repeat with --yes\n");
    return kOk;
  }
  if (const auto done = carry_out(*plan, postfix); !done) {
    complain(done.error().text);
    return kFailed;
  }
  return kOk;
}

int show_status(const Instance& postfix) {
  fmt::print("postfix: {}, {}\n", postfix.directory(),
             postfix.is_running() ? "running" : "not running");
  switch (keeper_of(postfix.line())) {
    case Keeper::stock:
      fmt::print("master.cf: the server of Postfix\n");
      break;
    case Keeper::scache:
      fmt::print("master.cf: {}\n", postfix.program());
      break;
    case Keeper::none:
      fmt::print("master.cf: no server\n");
      break;
  }
  Client client{postfix.socket(), {.timeout = kPatience}};
  const auto server = client.ping();
  std::string answer;
  if (!server) {
    answer = server.error().text;
  } else {
    answer = server->empty() ? "a server that supports only the Postfix protocol" : *server;
  }
  fmt::print("{}: {}\n", postfix.socket(), show_bytes(answer));
  return kOk;
}

}  // namespace

int choose_server(const PostfixCommand& command) {
  const auto postfix = Instance::find(command.config_directory);
  if (!postfix) {
    complain(postfix.error().text);
    return kFailed;
  }
  return command.action == PostfixCommand::Action::status ? show_status(*postfix)
                                                          : change(command, *postfix);
}

}  // namespace scache::ctl
