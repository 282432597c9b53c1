// SPDX-License-Identifier: Apache-2.0
#include "io/signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace scache::io {
namespace {

sigset_t set_of(std::initializer_list<int> numbers) noexcept {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : numbers) sigaddset(&set, number);
  return set;
}

Fd open_descriptor(const sigset_t& set) {
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  Fd descriptor{::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)};
  if (!descriptor) throw std::system_error{errno, std::generic_category(), "signalfd"};
  return descriptor;
}

}  // namespace

Signals::Signals(Loop& loop, std::initializer_list<int> numbers, std::function<void(int)> came)
    : set_{set_of(numbers)},
      came_{std::move(came)},
      descriptor_{open_descriptor(set_)},
      watch_{loop, descriptor_.get()},
      task_{watch()} {
  task_.start();
  // The task has ended already: the descriptor could not be watched.
  if (task_.done()) task_.result();
}

Signals::~Signals() {
  ::pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);
}

Task<> Signals::watch() {
  for (;;) {
    co_await watch_.readable();
    signalfd_siginfo info{};
    if (::read(descriptor_.get(), &info, sizeof info) == sizeof info) {
      came_(static_cast<int>(info.ssi_signo));
    }
  }
}

void die_of(int number) noexcept {
  ::signal(number, SIG_DFL);
  const sigset_t set = set_of({number});
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(number);
  std::abort();
}

}  // namespace scache::io
