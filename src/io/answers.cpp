// SPDX-License-Identifier: Apache-2.0
#include "io/answers.hpp"

#include <sys/eventfd.h>

#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

namespace scache::io {

Answers::Answers() : event_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
  if (!event_) throw std::system_error{errno, std::generic_category(), "eventfd"};
}

void Answers::put(Answer answer) noexcept {
  try {
    const std::lock_guard lock{mutex_};
    answers_.push_back(std::move(answer));
  } catch (const std::exception&) {
    return;
  }
  ::eventfd_write(event_.get(), 1);
}

std::vector<Answers::Answer> Answers::take() noexcept {
  eventfd_t count = 0;
  ::eventfd_read(event_.get(), &count);
  const std::lock_guard lock{mutex_};
  return std::exchange(answers_, {});
}

}  // namespace scache::io
