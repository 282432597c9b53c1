// SPDX-License-Identifier: Apache-2.0
#include "client/fork_guard.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <new>
#include <utility>

// How a child detects that it is a child. The kernel clears a page marked MADV_WIPEONFORK in each
// child that has memory of its own, whether fork(2), _Fork(3) or clone(2) created it, with or
// without handlers. Reading the page takes less than a nanosecond, getpid(2) a hundred; and process
// ids repeat, such as 1 in each new namespace. Without such a page the process id is compared.
//
// How a child finds the descriptors that it has inherited. Each ProcessFd has a slot in a list that
// only grows. The slot has the owning process, the number and the file of the descriptor. A child
// closes the descriptors of its ancestors, unless the number belongs to another file by now: the
// parent was about to close the descriptor, or the child has reused the number.
//
// No lock is taken, in the handlers of fork(2) or elsewhere: a signal handler may call fork(2), at
// any point of other threads. Every step leaves slots that a child can read. One gap remains,
// between the creation of a descriptor and its entry in a slot. A thread that detects a fork in
// this gap closes the descriptor, which is still unused, and makes another. A fork without handlers
// is not detected: such a child may keep a stream open that another thread was just opening, but
// never uses it.

namespace scache::client {

struct ForkGuardSlot {
  // The owner; 0 if the slot is free; or kFilling.
  std::atomic<std::uint64_t> process;
  int number;
  dev_t device;
  ino_t file;
  ForkGuardSlot* next;
};

namespace {

constexpr std::uint64_t kFilling = UINT64_MAX;
// The maximum number of attempts to make a descriptor without a fork in between, a millisecond
// apart.
constexpr int kMostTries = 10;

constinit std::atomic<ForkGuardSlot*> slots{nullptr};
constinit std::atomic<std::uint64_t> known{0};
constinit std::atomic<unsigned> forks_begun{0};
constinit std::atomic<unsigned> forks_over{0};

using Mark = std::atomic<std::uint64_t>;
static_assert(Mark::is_always_lock_free);

// A variable that is 0 in each new process; null if the kernel does not support that.
Mark* make_mark() noexcept {
  const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const page =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return nullptr;
  if (::madvise(page, size, MADV_WIPEONFORK) == 0) return new (page) Mark{0};
  ::munmap(page, size);
  return nullptr;
}

Mark* mark() noexcept {
  static Mark* const made = make_mark();
  return made;
}

bool is_still(const ForkGuardSlot& slot) noexcept {
  struct stat now{};
  return ::fstat(slot.number, &now) == 0 && now.st_dev == slot.device && now.st_ino == slot.file;
}

void close_inherited(std::uint64_t process) noexcept {
  const int saved_errno = errno;
  forks_over.store(forks_begun.load());
  for (ForkGuardSlot* slot = slots.load(); slot != nullptr; slot = slot->next) {
    std::uint64_t owner = slot->process.load();
    if (owner == 0 || owner == kFilling || owner == process) continue;
    if (!slot->process.compare_exchange_strong(owner, process)) continue;
    if (is_still(*slot)) ::close(slot->number);
    slot->process.store(0);
  }
  errno = saved_errno;
}

std::uint64_t begin_process(Mark& mine) noexcept {
  const std::uint64_t number = known.fetch_add(1) + 1;
  std::uint64_t found = 0;
  if (!mine.compare_exchange_strong(found, number)) return found;
  close_inherited(number);
  return number;
}

std::uint64_t by_process_id() noexcept {
  const auto number = static_cast<std::uint64_t>(::getpid());
  if (known.load() != number && known.exchange(number) != number) close_inherited(number);
  return number;
}

// Initialized before main().
[[maybe_unused]] const int watched =
    (this_process(),
     ::pthread_atfork([] { ++forks_begun; }, [] { ++forks_over; }, [] { this_process(); }));

ForkGuardSlot* take_slot() noexcept {
  for (ForkGuardSlot* slot = slots.load(); slot != nullptr; slot = slot->next) {
    std::uint64_t free = 0;
    if (slot->process.load() == 0 && slot->process.compare_exchange_strong(free, kFilling)) {
      return slot;
    }
  }
  auto* const slot = new (std::nothrow) ForkGuardSlot{kFilling, -1, 0, 0, slots.load()};
  if (slot == nullptr) return nullptr;
  while (!slots.compare_exchange_weak(slot->next, slot)) {
  }
  return slot;
}

}  // namespace

std::uint64_t this_process() noexcept {
  Mark* const mine = mark();
  if (mine == nullptr) return by_process_id();
  const std::uint64_t number = mine->load();
  return number != 0 ? number : begin_process(*mine);
}

int ProcessFd::open(int (*make)()) noexcept {
  close();
  ForkGuardSlot* slot = take_slot();
  for (int tries = 1;; ++tries) {
    if (slot == nullptr) return ENOMEM;
    const unsigned begun = forks_begun.load();
    const bool alone = forks_over.load() == begun;
    const std::uint64_t process = this_process();
    const int number = make();
    struct stat file{};
    if (number < 0 || ::fstat(number, &file) != 0) {
      const int error = errno;
      if (number >= 0) ::close(number);
      slot->process.store(0);
      return error;
    }
    slot->number = number;
    slot->device = file.st_dev;
    slot->file = file.st_ino;
    slot->process.store(process);
    if (tries == kMostTries || (alone && forks_begun.load() == begun)) {
      slot_ = slot;
      process_ = process;
      number_ = number;
      return 0;
    }
    std::uint64_t ours = process;
    if (slot->process.compare_exchange_strong(ours, kFilling)) {
      ::close(number);
    } else {
      // This process is a child, forked by a signal handler: the descriptor is closed already.
      slot = take_slot();
    }
    ::poll(nullptr, 0, 1);
  }
}

void ProcessFd::close() noexcept {
  ForkGuardSlot* const slot = std::exchange(slot_, nullptr);
  // this_process() has closed an inherited descriptor.
  if (slot == nullptr || process_ != this_process()) return;
  const int saved_errno = errno;
  ::close(number_);
  slot->process.store(0);
  errno = saved_errno;
}

}  // namespace scache::client
