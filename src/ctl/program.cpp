#include "ctl/program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <initializer_list>
#include <scache/connection.hpp>

#include "ctl/exit_status.hpp"

namespace scache::ctl {
namespace {

// Above all numbers that a program is given something on.
constexpr int kOutOfTheWay = 10;
constexpr int kRead = 6;
constexpr int kWrite = 7;

int complain(const std::string& program, int problem, int status) {
  fmt::print(stderr, "scachectl: {}: {}\n", program, std::strerror(problem));
  return status;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

// Signals are held back from its construction to its end, and told one by one.
class HeldSignals {
 public:
  HeldSignals() {
    // Whoever started us may ignore it: then nobody would be told.
    std::signal(SIGCHLD, SIG_DFL);
    sigset_t held;
    sigemptyset(&held);
    for (const int number : {SIGCHLD, SIGTERM, SIGHUP, SIGINT, SIGQUIT}) sigaddset(&held, number);
    ::sigprocmask(SIG_BLOCK, &held, &before_);
    held_ = held;
  }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  ~HeldSignals() { restore(); }

  void restore() const { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

  siginfo_t next() const {
    siginfo_t told{};
    while (::sigwaitinfo(&held_, &told) == -1) {
    }
    return told;
  }

 private:
  sigset_t before_{};
  sigset_t held_{};
};

int wait_for(pid_t child, const HeldSignals& signals) {
  for (;;) {
    const siginfo_t told = signals.next();
    if (told.si_signo != SIGCHLD) {
      // A terminal's signals go to all of its processes.
      if (told.si_code != SI_KERNEL) ::kill(child, told.si_signo);
      continue;
    }
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) != child) continue;
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    return kSignalled + WTERMSIG(status);
  }
}

}  // namespace

int become(const Program& program, const std::vector<std::string>& environment, int connection) {
  const Descriptor aside{::fcntl(connection, F_DUPFD_CLOEXEC, kOutOfTheWay)};
  const int input = program.stdio ? STDIN_FILENO : kRead;
  const int output = program.stdio ? STDOUT_FILENO : kWrite;
  if (!aside || ::dup2(aside.get(), input) == -1 || ::dup2(aside.get(), output) == -1) {
    return complain(program.words.front(), errno, kCannotStart);
  }
  const auto words = pointers(program.words);
  const auto variables = pointers(environment);
  ::execvpe(words.front(), words.data(), variables.data());
  return complain(program.words.front(), errno, errno == ENOENT ? kNoProgram : kCannotStart);
}

int run_program(const Program& program, const std::vector<std::string>& environment,
                int connection) {
  const HeldSignals signals;
  const pid_t child = ::fork();
  if (child == -1) return complain(program.words.front(), errno, kCannotStart);
  if (child == 0) {
    signals.restore();
    ::_exit(become(program, environment, connection));
  }
  return wait_for(child, signals);
}

}  // namespace scache::ctl
