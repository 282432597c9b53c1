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

// How a child is told from its parent. The kernel clears a page of each child that has memory of
// its own (MADV_WIPEONFORK), whoever made it: fork(2), _Fork(3), clone(2) itself, with or without
// handlers. A look at the page costs less than a nanosecond, and getpid(2) a hundred; and process
// ids come again, such as 1 in each new namespace. Where there is no such page it is the process
// id.
//
// How a child finds what it has inherited. Each ProcessFd has a slot on a list that only grows; it
// says whose descriptor it is, which, and of which file. A child closes what is of its parents,
// unless the number is another file's by now: the parent was about to give it up, or the child has
// closed everything and opened something else.
//
// No lock is taken, in the handlers of fork(2) or elsewhere: fork(2) may be called by a signal
// handler, and while other threads do anything. Every step leaves slots that a child can read. What
// remains is the moment between the making of a descriptor and its slot. Who finds that a fork was
// under way then gives the descriptor up, which nothing has used yet, and makes another. Only of a
// fork without handlers is nothing known: such a child may keep a stream open that another thread
// was opening at that moment, and never uses it.

namespace scache::client {

struct ForkGuardSlot {
  // 0 where it is free, or kFilling.
  std::atomic<std::uint64_t> process;
  int number;
  dev_t device;
  ino_t file;
  ForkGuardSlot* next;
};

namespace {

constexpr std::uint64_t kFilling = UINT64_MAX;
// A descriptor is made so often at the most while others fork, each time a millisecond later.
constexpr int kMostTries = 10;

constinit std::atomic<ForkGuardSlot*> slots{nullptr};
constinit std::atomic<std::uint64_t> known{0};
constinit std::atomic<unsigned> forks_begun{0};
constinit std::atomic<unsigned> forks_over{0};

using Mark = std::atomic<std::uint64_t>;
static_assert(Mark::is_always_lock_free);

// A place that is 0 in each new process; none where the kernel does not have it.
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

// From the program's start on.
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
      // This is the child: a signal handler has forked, and the descriptor was closed here.
      slot = take_slot();
    }
    ::poll(nullptr, 0, 1);
  }
}

void ProcessFd::close() noexcept {
  ForkGuardSlot* const slot = std::exchange(slot_, nullptr);
  // Of an inherited one, this_process() has taken care.
  if (slot == nullptr || process_ != this_process()) return;
  const int saved_errno = errno;
  ::close(number_);
  slot->process.store(0);
  errno = saved_errno;
}

}  // namespace scache::client
