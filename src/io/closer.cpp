// SPDX-License-Identifier: Apache-2.0
#include "io/closer.hpp"

#include <linux/sockios.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <span>
#include <string_view>
#include <thread>
#include <utility>

#include "io/closer_queue.hpp"

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
// Farewells and requests are sent, and answers read, by the same threads: send(2) and recv(2) take
// the lock of the socket, which a client with a copy of it can hold for ever. Until they return,
// the descriptor stays open.
//
// One thread does the work. If it is stuck, another one replaces it. A thread that has closed all
// descriptors rests before it continues: in a busy server it wakes up a thousand times a second,
// not for each descriptor.

namespace scache::io {
namespace {

// How long a thread rests, unless many descriptors wait.
constexpr std::chrono::milliseconds kRest{1};
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

// Sends without waiting for room: what the send buffer of an idle connection does not take is not
// worth it. Returns whether it has sent all bytes.
bool send_now(int socket, const std::string& bytes) noexcept {
  return ::send(socket, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) ==
         static_cast<ssize_t>(bytes.size());
}

// No recv(2), which clang-tidy takes for a call that waits while a mutex is held.
ssize_t receive_now(int socket, std::span<char> bytes, int flags = 0) noexcept {
  return ::recvfrom(socket, bytes.data(), bytes.size(), MSG_DONTWAIT | flags, nullptr, nullptr);
}

Answers::Kind send_request(int socket, const std::string& request) noexcept {
  std::array<char, 1> byte;
  const ssize_t size = receive_now(socket, byte, MSG_PEEK);
  if (size > 0) return Answers::Kind::has_input;
  const bool is_quiet = size < 0 && errno == EAGAIN;
  return is_quiet && send_now(socket, request) ? Answers::Kind::sent : Answers::Kind::not_sent;
}

// Reads what has arrived, calls `take` with each part, and returns whether more may follow.
template <typename Take>
bool read_answer(int socket, Take take) {
  std::array<char, 4'096> bytes;
  for (std::size_t count = 0; count < Closer::kMaxAnswer;) {
    const ssize_t size = receive_now(socket, bytes);
    if (size <= 0) return size < 0 && errno == EAGAIN;
    count += static_cast<std::size_t>(size);
    take(std::string_view{bytes.data(), static_cast<std::size_t>(size)});
  }
  return false;
}

void receive_into(Answers& answers, int socket, std::uint64_t key) noexcept {
  // Without memory there is no answer.
  try {
    Answers::Answer answer{.key = key};
    const bool is_open = read_answer(socket, [&](std::string_view part) { answer.bytes += part; });
    if (is_open) answer.kind = Answers::Kind::received;
    answers.put(std::move(answer));
  } catch (const std::exception&) {
  }
}

}  // namespace

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

void Closer::set_most_behind(std::size_t most) noexcept {
  most_behind_ = std::min(most, kMaxBehind);
  shared_->many_waiting = std::max<std::size_t>(most_behind_ / 2, 1);
}

void Closer::close(Fd fd, uid_t user) noexcept {
  add({std::move(fd), user});
}

void Closer::send_and_close(Fd copy, std::string bytes, uid_t user) noexcept {
  add({std::move(copy), user, std::move(bytes)});
}

void Closer::request_and_close(Fd copy, std::string bytes, uid_t user,
                               std::shared_ptr<Answers> answers, std::uint64_t key) noexcept {
  add({.fd = std::move(copy),
       .user = user,
       .bytes = std::move(bytes),
       .answers = std::move(answers),
       .key = key});
}

void Closer::read_and_close(Fd fd, uid_t user) noexcept {
  add({.fd = std::move(fd), .user = user, .reads = true});
}

void Closer::receive_and_close(Fd copy, uid_t user, std::shared_ptr<Answers> answers,
                               std::uint64_t key) noexcept {
  add({.fd = std::move(copy),
       .user = user,
       .reads = true,
       .answers = std::move(answers),
       .key = key});
}

void Closer::add(Job added) noexcept {
  if (!added.fd) return;
  const uid_t user = added.user;
  // Out of memory, the destructor of `added` closes the descriptor on this thread.
  try {
    std::list<Job> job;
    job.emplace_back();
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
        added.fd.reset();
        ticks.set(false);
        return;
      }
    }
    ++shared_->accounts[user].waiting;
    job.front() = std::move(added);
    shared_->waiting.splice(shared_->waiting.end(), job);
    shared_->note_waiting();
    if (shared_->sleeping > 0) {
      --shared_->sleeping;
      shared_->wake.notify_one();
    } else if (shared_->waiting.size() == shared_->many_waiting) {
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
  const std::size_t waiting = shared_->count_waiting();
  // With few descriptors the next one that arrives may find no free number.
  if (waiting > most_behind_ && most_behind_ < kMaxBehind) return true;
  if (waiting < kMaxWaitingOfUser && !shared_->is_any_stuck()) return false;
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

bool Closer::may_send(uid_t user) const noexcept {
  if (is_behind() || lacks_threads_) return false;
  if (!shared_->is_any_stuck()) return true;
  const std::lock_guard lock{shared_->mutex};
  const auto account = shared_->accounts.find(user);
  return account == shared_->accounts.end() || account->second.stuck == 0;
}

bool Closer::is_full() const noexcept {
  if (!shared_->is_any_stuck()) return false;
  const std::lock_guard lock{shared_->mutex};
  const bool is_stuck = shared_->able_workers() == 0;
  return shared_->held + (is_stuck ? shared_->waiting.size() : 0) >= kMaxUnclosed;
}

bool Closer::is_behind() const noexcept {
  return shared_->count_waiting() > most_behind_;
}

bool Closer::is_idle() const noexcept {
  const std::lock_guard lock{shared_->mutex};
  return shared_->is_idle();
}

bool Closer::catch_up() noexcept {
  std::unique_lock lock{shared_->mutex};
  if (shared_->waiting.size() > most_behind_) {
    shared_->main_waits = true;
    shared_->caught_up.wait_for(lock, kCatchUp,
                                [this] { return shared_->waiting.size() <= most_behind_; });
    shared_->main_waits = false;
  }
  const bool is_busy = !shared_->is_idle();
  const bool lacks_one =
      shared_->waiting.size() > most_behind_ && shared_->able_workers() < kMaxWorkers;
  lock.unlock();
  if (lacks_one) add_worker();
  return is_busy;
}

std::vector<Closer::Stuck> Closer::look() {
  std::vector<Stuck> more;
  std::unique_lock lock{shared_->mutex};
  for (Worker& worker : shared_->workers) {
    if (!worker.is_closing || worker.is_stuck) continue;
    if (std::exchange(worker.seen, worker.number) != worker.number) continue;
    unsigned& stuck = shared_->accounts[worker.user].stuck;
    more.push_back({worker.user, stuck + 1});
    ++stuck;
    ++shared_->stuck_workers;
    worker.is_stuck = true;
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

void Closer::run(const Job& job) noexcept {
  const int socket = job.fd.get();
  if (job.reads && job.answers != nullptr) {
    receive_into(*job.answers, socket, job.key);
  } else if (job.reads) {
    read_answer(socket, [](std::string_view) {});
  } else if (job.answers != nullptr) {
    job.answers->put({.key = job.key, .kind = send_request(socket, job.bytes)});
  } else if (!job.bytes.empty()) {
    send_now(socket, job.bytes);
  }
}

void Closer::work(const std::shared_ptr<Shared>& shared, WorkerPlace self) noexcept {
  Ticks ticks;
  std::unique_lock lock{shared->mutex};
  const auto close_all = [&] {
    for (std::list<Job> job; shared->take(job);) {
      self->user = job.front().user;
      ++self->number;
      self->is_closing = true;
      lock.unlock();
      run(job.front());
      job.clear();
      lock.lock();
      self->is_closing = false;
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
    shared->hurry.wait_for(lock, kRest, [&] {
      return shared->stop || shared->waiting.size() >= shared->many_waiting;
    });
  }
  shared->workers.erase(self);
}

}  // namespace scache::io
