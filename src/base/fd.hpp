// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "base/rooms.hpp"

namespace scache::base {

// Fd owns one open file descriptor and closes it when it is destroyed. Move-only. Not thread-safe.
class Fd {
 public:
  Fd() = default;
  // Takes ownership of `number`, unless it is negative.
  explicit Fd(int number) noexcept : number_{number} {}
  Fd(Fd&& other) noexcept : number_{other.release()} {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~Fd() {
    if (number_ >= 0) reset();
  }

  // The descriptor, which the Fd still owns.
  int get() const noexcept { return number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }

  // Gives up ownership: the caller closes the descriptor.
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }

  // Closes the descriptor, and takes ownership of `number`.
  void reset(int number = -1) noexcept;

 private:
  int number_ = -1;
};

// A copy of a descriptor, closed on exec, with a number above those of the standard streams. On an
// error it is empty, and errno is set.
Fd duplicate(int number) noexcept;

}  // namespace scache::base
