// SPDX-License-Identifier: Apache-2.0
#include "io/closer.hpp"

#include <linux/sockios.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

// How close(2) blocks on the last descriptor of a file (Linux 6.1 to 6.18):
//
// - A pipe: on the pipe's lock. A writer holds it while it copies from its memory, with
//   userfaultfd(2) or a FUSE file system for ever. No signal interrupts the wait. The writer needs
//   only the other end of the pipe.
// - A TCP socket: for its linger time, while there is data to send. A signal interrupts the wait,
//   and the kernel sends the data in the background.
// - A UNIX-domain socket: on the close of every descriptor, of any kind, that was sent into it and
//   not received. Before Linux 6.10 also on the close of descriptors that other sockets have lost.
//
// Whether a descriptor is the last one cannot be determined, and other processes may change the
// file before the close. So the loop never closes a descriptor from a client. close() frees the
// number at its start: a close that blocks for ever costs a thread, but no descriptor.
//
// One thread does the work. If it is stuck, another one replaces it. A thread that has closed all
// descriptors rests before it continues: in a busy server it wakes up a thousand times a second,
// not for each descriptor.

namespace scache::io {
namespace {

// How long a thread rests, unless kManyWaiting descriptors wait.
constexpr std::chrono::milliseconds kRest{1};
constexpr std::size_t kManyWaiting = 32;
// Descriptors that a thread takes at once: it locks the mutex once for all of them.
constexpr std::size_t kTakenAtOnce = 16;
// The limit of the wait in the destructor.
constexpr std::chrono::milliseconds kFarewell{50};

// The signal that interrupts a close(). Its default action is to be ignored, and the program has no
// other use for it.
constexpr int kInterrupt = SIGURG;

// Interrupts its thread periodically, since a signal that arrives just before close() has no
// effect.
class Ticks {
 public:
  Ticks() noexcept {
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = kInterrupt;
    event._sigev_un._tid = ::gettid();
    is_there_ = ::timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0;
  }
  ~Ticks() {
    if (is_there_) ::timer_delete(timer_);
  }
  Ticks(const Ticks&) = delete;
  Ticks& operator=(const Ticks&) = delete;

  void set(bool on) noexcept {
    const timespec tick{.tv_sec = 0, .tv_nsec = on ? Closer::kTick.count() : 0};
    const itimerspec time{.it_interval = tick, .it_value = tick};
    if (is_there_) ::timer_settime(timer_, 0, &time, nullptr);
  }

 private:
  timer_t timer_{};
  bool is_there_ = false;
};

}  // namespace

// A descriptor to close. The thread that has taken it closes it, or gives it back if that thread is
// stuck with an earlier one: whoever begins first.
struct Closer::Job {
  Job(uid_t of_user) noexcept : user{of_user} {}

  // Whether the caller is the first.
  bool begin() noexcept { return !has_begun.exchange(true, std::memory_order_acq_rel); }

  Fd fd;
  uid_t user;
  std::atomic<bool> has_begun = false;
};

struct Closer::Worker {
  // What it has taken.
  std::list<Job> jobs;
  // The user whose descriptor it closes, and the number of descriptors that it has begun to close.
  // It sets them without the mutex.
  std::atomic<uid_t> user = kNobody;
  std::atomic<std::uint64_t> number = 0;
  // The number at the last look(), and whether it has not changed since: then also the user who is
  // charged with it.
  std::uint64_t seen = 0;
  bool is_stuck = false;
  uid_t charged = kNobody;

  bool is_closing() const noexcept { return !jobs.empty(); }
};

// The mutex protects all members; atomic ones are read without it.
struct Closer::Shared {
  // A user's waiting descriptors and stuck threads. If too many threads are stuck, the descriptors
  // are held until one of them continues.
  struct Account {
    std::size_t waiting = 0;
    unsigned stuck = 0;
    std::list<Job> held;
  };

  std::mutex mutex;
  // Wake a sleeping worker, the resting worker, and the caller.
  std::condition_variable wake;
  std::condition_variable hurry;
  std::condition_variable caught_up;
  std::list<Job> waiting;
  // The size of `waiting`.
  std::atomic<std::size_t> waiting_count = 0;
  std::list<Worker> workers;
  std::atomic<std::size_t> stuck_workers = 0;
  std::map<uid_t, Account> accounts;
  std::size_t held = 0;
  // An upper bound of the workers that sleep and were not woken yet.
  unsigned sleeping = 0;
  bool main_waits = false;
  bool stop = false;

  // Nothing is held unless a worker is stuck.
  bool is_any_stuck() const noexcept { return stuck_workers.load(std::memory_order_relaxed) > 0; }
  std::size_t count_waiting() const noexcept {
    return waiting_count.load(std::memory_order_relaxed);
  }
  std::size_t able_workers() const noexcept { return workers.size() - stuck_workers; }
  bool is_idle() const noexcept {
    return waiting.empty() && std::ranges::none_of(workers, [](const Worker& worker) {
             return worker.is_closing() && !worker.is_stuck;
           });
  }

  using AccountPlace = std::map<uid_t, Account>::iterator;
  void close_account(AccountPlace account) noexcept {
    if (account->second.waiting == 0 && account->second.stuck == 0) accounts.erase(account);
  }

  void note_waiting() noexcept { waiting_count.store(waiting.size(), std::memory_order_relaxed); }

  // Takes the first jobs whose users may have another stuck thread, and holds the jobs before them.
  void take(std::list<Job>& jobs) noexcept {
    while (!waiting.empty() && jobs.size() < kTakenAtOnce) {
      const auto account = accounts.find(waiting.front().user);
      if (account->second.stuck < kStuckOfUser) {
        jobs.splice(jobs.end(), waiting, waiting.begin());
        --account->second.waiting;
        close_account(account);
      } else {
        std::list<Job>& held_jobs = account->second.held;
        held_jobs.splice(held_jobs.end(), waiting, waiting.begin());
        ++held;
      }
    }
    note_waiting();
  }

  // The worker is stuck: its other jobs wait for another worker.
  void give_back_jobs(Worker& worker) {
    for (Job& job : worker.jobs) {
      std::list<Job> again;
      again.emplace_back(job.user);
      Account& account = accounts[job.user];
      if (!job.begin()) continue;
      ++account.waiting;
      again.front().fd = std::move(job.fd);
      waiting.splice(waiting.begin(), again);
    }
    note_waiting();
  }

  // The worker was stuck, and its close() has returned.
  void recover(Worker& worker) noexcept {
    worker.is_stuck = false;
    --stuck_workers;
    const auto account = accounts.find(worker.charged);
    held -= account->second.held.size();
    waiting.splice(waiting.end(), account->second.held);
    note_waiting();
    --account->second.stuck;
    close_account(account);
  }
};

void Closer::start_detached(std::function<void()> body) {
  std::thread{std::move(body)}.detach();
}

Closer::Closer(std::size_t most_threads, StartThread start)
    : shared_{std::make_shared<Shared>()}, most_threads_{most_threads}, start_{start} {}

Closer::~Closer() {
  std::unique_lock lock{shared_->mutex};
  shared_->stop = true;
  shared_->main_waits = true;
  shared_->wake.notify_all();
  shared_->hurry.notify_all();
  shared_->caught_up.wait_for(lock, kFarewell, [this] { return shared_->is_idle(); });
}

void Closer::close(Fd fd, uid_t user) noexcept {
  if (!fd) return;
  // Out of memory, the destructor of `fd` closes the descriptor on this thread.
  try {
    std::list<Job> job;
    job.emplace_back(user);
    std::unique_lock lock{shared_->mutex};
    if (shared_->able_workers() == 0) {
      lock.unlock();
      const bool started = add_worker();
      lock.lock();
      if (!started && shared_->workers.empty()) {
        lock.unlock();
        lacks_threads_ = true;
        Ticks ticks;
        ticks.set(true);
        fd.reset();
        ticks.set(false);
        return;
      }
    }
    ++shared_->accounts[user].waiting;
    job.front().fd = std::move(fd);
    shared_->waiting.splice(shared_->waiting.end(), job);
    shared_->note_waiting();
    if (shared_->sleeping > 0) {
      --shared_->sleeping;
      shared_->wake.notify_one();
    } else if (shared_->waiting.size() == kManyWaiting) {
      shared_->hurry.notify_one();
    }
  } catch (...) {
  }
}

void Closer::close_client(Fd fd, uid_t user) noexcept {
  // Every descriptor in flight is attached to at least one byte that SIOCINQ counts, also if it was
  // sent out of band (SO_OOBINLINE).
  int unread = -1;
  const bool is_empty = ::ioctl(fd.get(), SIOCINQ, &unread) == 0 && unread == 0;
  close(std::move(fd), is_empty ? kNobody : user);
}

bool Closer::must_wait(uid_t user) const noexcept {
  if (shared_->count_waiting() < kMaxWaitingOfUser && !shared_->is_any_stuck()) return false;
  const std::lock_guard lock{shared_->mutex};
  const auto account = shared_->accounts.find(user);
  return account != shared_->accounts.end() && account->second.waiting >= kMaxWaitingOfUser;
}

bool Closer::accepts(uid_t user) const noexcept {
  if (!shared_->is_any_stuck()) return true;
  const std::lock_guard lock{shared_->mutex};
  const auto account = shared_->accounts.find(user);
  return account == shared_->accounts.end() || account->second.stuck < kStuckOfUser;
}

bool Closer::is_full() const noexcept {
  if (!shared_->is_any_stuck()) return false;
  const std::lock_guard lock{shared_->mutex};
  const bool is_stuck = shared_->able_workers() == 0;
  return shared_->held + (is_stuck ? shared_->waiting.size() : 0) >= kMaxUnclosed;
}

bool Closer::is_behind() const noexcept {
  return shared_->count_waiting() > kMaxBehind;
}

bool Closer::is_idle() const noexcept {
  const std::lock_guard lock{shared_->mutex};
  return shared_->is_idle();
}

bool Closer::catch_up() noexcept {
  std::unique_lock lock{shared_->mutex};
  if (shared_->waiting.size() > kMaxBehind) {
    shared_->main_waits = true;
    shared_->caught_up.wait_for(lock, kCatchUp,
                                [this] { return shared_->waiting.size() <= kMaxBehind; });
    shared_->main_waits = false;
  }
  const bool is_busy = !shared_->is_idle();
  const bool lacks_one =
      shared_->waiting.size() > kMaxBehind && shared_->able_workers() < kMaxWorkers;
  lock.unlock();
  if (lacks_one) add_worker();
  return is_busy;
}

std::vector<Closer::Stuck> Closer::look() {
  std::vector<Stuck> more;
  std::unique_lock lock{shared_->mutex};
  for (Worker& worker : shared_->workers) {
    if (!worker.is_closing() || worker.is_stuck) continue;
    const std::uint64_t number = worker.number;
    if (std::exchange(worker.seen, number) != number) continue;
    worker.charged = worker.user;
    unsigned& stuck = shared_->accounts[worker.charged].stuck;
    more.push_back({worker.charged, stuck + 1});
    ++stuck;
    ++shared_->stuck_workers;
    worker.is_stuck = true;
    shared_->give_back_jobs(worker);
  }
  const bool lacks_one = !shared_->waiting.empty() && shared_->able_workers() == 0;
  lock.unlock();
  if (lacks_one) add_worker();
  return more;
}

bool Closer::add_worker() noexcept {
  struct sigaction interrupt{};
  interrupt.sa_handler = [](int) {};
  ::sigaction(kInterrupt, &interrupt, nullptr);
  // Only the main thread handles other signals.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  sigdelset(&all, kInterrupt);
  std::list<Worker> worker;
  bool started = false;
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    worker.emplace_back();
    const std::lock_guard lock{shared_->mutex};
    if (shared_->workers.size() < most_threads_) {
      start_([shared = shared_, self = worker.begin()] { work(shared, self); });
      shared_->workers.splice(shared_->workers.end(), worker);
      started = true;
    }
  } catch (...) {
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

void Closer::work(const std::shared_ptr<Shared>& shared, WorkerPlace self) noexcept {
  Ticks ticks;
  std::unique_lock lock{shared->mutex};
  const auto close_all = [&] {
    for (shared->take(self->jobs); !self->jobs.empty(); shared->take(self->jobs)) {
      lock.unlock();
      for (Job& job : self->jobs) {
        if (!job.begin()) continue;
        self->user = job.user;
        ++self->number;
        job.fd.reset();
      }
      lock.lock();
      self->jobs.clear();
      if (self->is_stuck) shared->recover(*self);
      if (shared->main_waits) shared->caught_up.notify_one();
    }
  };
  for (;;) {
    while (shared->waiting.empty() && !shared->stop) {
      ++shared->sleeping;
      shared->wake.wait(lock);
    }
    ticks.set(true);
    close_all();
    ticks.set(false);
    // This worker was stuck, and another one has replaced it.
    if (shared->stop || shared->able_workers() > 1) break;
    shared->hurry.wait_for(lock, kRest,
                           [&] { return shared->stop || shared->waiting.size() >= kManyWaiting; });
  }
  shared->workers.erase(self);
}

}  // namespace scache::io
