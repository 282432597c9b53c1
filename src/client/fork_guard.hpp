// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace scache::client {

// A number that distinguishes this process from its ancestors; never 0. The first call in a child,
// however it was created, closes all ProcessFds that the child has inherited. A child that shares
// its parent's memory (vfork(2), CLONE_VM) cannot be detected and must not use the library.
std::uint64_t this_process() noexcept;

struct ForkGuardSlot;

// ProcessFd owns a descriptor that belongs to the process that opened it. In a child get() returns
// -1. The child's copy is closed in the handler of fork(2), or else by the first this_process().
class ProcessFd {
 public:
  ProcessFd() = default;
  ProcessFd(const ProcessFd&) = delete;
  ProcessFd& operator=(const ProcessFd&) = delete;
  ~ProcessFd() { close(); }

  // Takes the descriptor that `make` returns (-1 and errno on failure). Calls `make` again if the
  // process has forked in the meantime, because the child may have a copy that it cannot find.
  // Returns 0 or an errno. The file must have an inode of its own, as sockets do and an eventfd
  // does not: a child recognizes the descriptor by it.
  int open(int (*make)()) noexcept;
  void close() noexcept;

  // -1 if there is no descriptor, or if it belongs to another process.
  int get() const noexcept { return slot_ != nullptr && process_ == this_process() ? number_ : -1; }

 private:
  ForkGuardSlot* slot_ = nullptr;
  std::uint64_t process_ = 0;
  int number_ = -1;
};

}  // namespace scache::client
