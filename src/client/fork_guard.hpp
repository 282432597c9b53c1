#pragma once

#include <cstdint>

namespace scache::client {

// A number of this process, which no process that it descends from had; never 0. A child learns of
// itself here, however it was made, and closes all ProcessFds that it has inherited. One that
// shares its parent's memory (vfork(2), CLONE_VM) is not told apart: it must not use the library.
std::uint64_t this_process() noexcept;

struct ForkGuardSlot;

// ProcessFd owns a descriptor that is of the process that opened it. In a child get() is -1, and
// the child's copy is closed: by fork(2) at once, else by the first this_process().
class ProcessFd {
 public:
  ProcessFd() = default;
  ProcessFd(const ProcessFd&) = delete;
  ProcessFd& operator=(const ProcessFd&) = delete;
  ~ProcessFd() { close(); }

  // Owns what `make` makes: a descriptor, or -1 and an errno. It is called again where somebody has
  // forked meanwhile: then a child may have a copy that it does not know of. Answers 0 or an errno.
  int open(int (*make)()) noexcept;
  void close() noexcept;

  // -1 where there is none, or where it is another process's.
  int get() const noexcept { return slot_ != nullptr && process_ == this_process() ? number_ : -1; }

 private:
  ForkGuardSlot* slot_ = nullptr;
  std::uint64_t process_ = 0;
  int number_ = -1;
};

}  // namespace scache::client
