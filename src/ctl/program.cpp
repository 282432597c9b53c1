// SPDX-License-Identifier: Apache-2.0
#include "ctl/program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <scache/connection.hpp>

#include "ctl/complaint.hpp"
#include "ctl/exit_status.hpp"

namespace scache::ctl {
namespace {

// Above all descriptors that are passed to the program.
constexpr int kOutOfTheWay = 10;
constexpr int kRead = 6;
constexpr int kWrite = 7;

int fail(const std::string& program, int problem, int status) {
  complain(fmt::format("{}: {}", program, std::strerror(problem)));
  return status;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

// Signals that do not end a process, and those of its own faults.
constexpr std::array kNotForwarded{SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH, SIGSEGV,
                                   SIGBUS,  SIGILL,  SIGFPE,  SIGTRAP, SIGSYS, SIGABRT};

bool is_ignored(int number) {
  struct sigaction action{};
  return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// Blocks the signals that would end this process, and SIGCHLD, and receives them one by one.
class BlockedSignals {
 public:
  BlockedSignals() {
    // If the parent ignores SIGCHLD, none would be sent.
    std::signal(SIGCHLD, SIG_DFL);
    sigfillset(&blocked_);
    for (const int number : kNotForwarded) sigdelset(&blocked_, number);
    for (int number = 1; number <= SIGRTMAX; ++number) {
      if (is_ignored(number)) sigdelset(&blocked_, number);
    }
    ::sigprocmask(SIG_BLOCK, &blocked_, &before_);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals() { restore(); }

  void restore() const { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

  siginfo_t wait() const {
    siginfo_t received{};
    while (::sigwaitinfo(&blocked_, &received) == -1) {
    }
    return received;
  }

 private:
  sigset_t before_{};
  sigset_t blocked_{};
};

// A terminal sends these signals to its whole foreground process group, which includes the child
// unless the child has left it.
bool reaches_child(const siginfo_t& signal, pid_t child) {
  const int number = signal.si_signo;
  const bool of_terminal = number == SIGINT || number == SIGQUIT || number == SIGHUP;
  return of_terminal && signal.si_code == SI_KERNEL && ::getpgid(child) == ::getpgrp();
}

int wait_for(pid_t child, const BlockedSignals& signals) {
  for (;;) {
    const siginfo_t received = signals.wait();
    if (received.si_signo != SIGCHLD) {
      if (!reaches_child(received, child)) ::kill(child, received.si_signo);
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
    return fail(program.words.front(), errno, kCannotStart);
  }
  const auto words = pointers(program.words);
  const auto variables = pointers(environment);
  ::execvpe(words.front(), words.data(), variables.data());
  return fail(program.words.front(), errno, errno == ENOENT ? kNoProgram : kCannotStart);
}

int run_program(const Program& program, const std::vector<std::string>& environment,
                int connection) {
  const BlockedSignals signals;
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == -1) return fail(program.words.front(), errno, kCannotStart);
  if (child == 0) {
    // SIGKILL of the parent cannot be forwarded, so it ends the program as well. The parent may
    // have ended before this call.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(kSignalled + SIGKILL);
    signals.restore();
    ::_exit(become(program, environment, connection));
  }
  return wait_for(child, signals);
}

}  // namespace scache::ctl
