// SPDX-License-Identifier: Apache-2.0
#include "ctl/subprocess.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "base/fd.hpp"
#include "ctl/exit_status.hpp"

namespace scache::ctl {
namespace {

struct Pipe {
  base::Fd reading;
  base::Fd writing;
};

std::optional<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  return Pipe{base::Fd{ends[0]}, base::Fd{ends[1]}};
}

// Reads a part. Closes the pipe at its end.
void read_some(base::Fd& pipe, std::string& into) {
  std::array<char, 4'096> part;
  const ssize_t size = ::read(pipe.get(), part.data(), part.size());
  if (size > 0) {
    into.append(part.data(), static_cast<std::size_t>(size));
  } else if (size == 0 || errno != EINTR) {
    pipe.reset();
  }
}

// Both at once: a program that fills one pipe waits until it is read.
void read_both(base::Fd& output, base::Fd& errors, Finished& into) {
  while (output || errors) {
    std::array<pollfd, 2> ready{{{output.get(), POLLIN, 0}, {errors.get(), POLLIN, 0}}};
    if (::poll(ready.data(), ready.size(), -1) < 0) continue;
    if (ready[0].revents != 0) read_some(output, into.output);
    if (ready[1].revents != 0) read_some(errors, into.errors);
  }
}

class FileActions {
 public:
  FileActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  void connect(int from, int to) { ::posix_spawn_file_actions_adddup2(&actions_, from, to); }
  void open_null(int number) {
    ::posix_spawn_file_actions_addopen(&actions_, number, "/dev/null", O_RDONLY, 0);
  }
  const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

}  // namespace

base::Result<Finished> run_program(const std::vector<std::string>& words) {
  const auto fail = [&](int error) {
    return std::unexpected{base::Error{fmt::format("{}: {}", words[0], std::strerror(error))}};
  };
  auto output = make_pipe();
  auto errors = output ? make_pipe() : std::nullopt;
  if (!errors) return fail(errno);
  FileActions actions;
  actions.open_null(STDIN_FILENO);
  actions.connect(output->writing.get(), STDOUT_FILENO);
  actions.connect(errors->writing.get(), STDERR_FILENO);
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = -1;
  const int error =
      ::posix_spawnp(&child, arguments[0], actions.get(), nullptr, arguments.data(), environ);
  if (error != 0) return fail(error);
  output->writing.reset();
  errors->writing.reset();
  Finished finished;
  read_both(output->reading, errors->reading, finished);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  finished.status = WIFEXITED(status) ? WEXITSTATUS(status) : kSignalled + WTERMSIG(status);
  return finished;
}

}  // namespace scache::ctl
