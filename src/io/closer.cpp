#include "io/closer.hpp"

#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/stream_socket.hpp"

namespace scache {
namespace {

bool is_stream(int socket) noexcept {
  return socket_option(socket, SO_TYPE) == SOCK_STREAM;
}

// What close() may wait for: a linger time, which can be turned off, or what nobody knows.
enum class Wait { none, linger, unknown };

Wait wait_of(int descriptor, DescriptorKind kind) noexcept {
  switch (kind) {
    case DescriptorKind::local: {
      // Not SIOCINQ: a descriptor stays in flight when somebody has taken the out-of-band byte that
      // it came with.
      pollfd unread{.fd = descriptor, .events = POLLIN, .revents = 0};
      return is_stream(descriptor) && ::poll(&unread, 1, 0) == 0 ? Wait::none : Wait::unknown;
    }
    case DescriptorKind::network: {
      linger setting{};
      socklen_t size = sizeof setting;
      if (::getsockopt(descriptor, SOL_SOCKET, SO_LINGER, &setting, &size) != 0) break;
      return setting.l_onoff != 0 && setting.l_linger != 0 ? Wait::linger : Wait::none;
    }
    case DescriptorKind::pipe:
      return Wait::none;
    case DescriptorKind::other:
      break;
  }
  return Wait::unknown;
}

void turn_linger_off(int descriptor) noexcept {
  const linger off{};
  ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &off, sizeof off);
}

// Interrupts a close() that waits. By default it is ignored, and nobody else here uses it.
constexpr int kInterrupt = SIGURG;

// Interrupts its thread again and again while it is on: a signal that comes just before close() has
// no effect.
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

  // For any thread.
  void set(bool on) noexcept {
    const timespec tick{.tv_sec = 0, .tv_nsec = on ? Closer::kTick.count() : 0};
    const itimerspec time{.it_interval = tick, .it_value = tick};
    if (is_there_) ::timer_settime(timer_, 0, &time, nullptr);
  }

 private:
  timer_t timer_{};
  bool is_there_ = false;
};

// Closes whatever comes, one after the other, until the Closer has gone and nothing is left.
template <typename Shared>
void close_all(const std::shared_ptr<Shared>& shared) noexcept {
  Ticks ticks;
  std::unique_lock lock{shared->mutex};
  shared->ticks = &ticks;
  ticks.set(shared->in_a_hurry);
  for (;;) {
    shared->wake.wait(lock, [&] { return shared->stop || !shared->waiting.empty(); });
    if (shared->waiting.empty()) break;
    std::vector<Fd> batch = std::move(shared->waiting);
    shared->waiting.clear();
    for (Fd& fd : batch) {
      lock.unlock();
      fd.reset();
      lock.lock();
      if (--shared->unfinished == 0) shared->set_hurry(false);
    }
  }
  shared->ticks = nullptr;
}

}  // namespace

// All under the mutex.
struct Closer::Shared {
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<Fd> waiting;
  // Those that wait, and the one that is being closed.
  std::size_t unfinished = 0;
  // More than kMaxGraceful have been, and not all are closed since.
  bool in_a_hurry = false;
  // The thread's, while there is one.
  Ticks* ticks = nullptr;
  bool stop = false;

  void set_hurry(bool on) noexcept {
    if (std::exchange(in_a_hurry, on) != on && ticks != nullptr) ticks->set(on);
  }
};

Closer::Closer() : shared_{std::make_shared<Shared>()} {}

Closer::~Closer() {
  const std::lock_guard lock{shared_->mutex};
  shared_->stop = true;
  shared_->wake.notify_one();
}

void Closer::close_copy(Fd fd) noexcept {
  if (!fd) return;
  const DescriptorKind kind = inspect(fd.get(), ListeningAddress{}).kind;
  close_copy(std::move(fd), kind);
}

void Closer::close_copy(Fd fd, DescriptorKind kind) noexcept {
  if (!fd) return;
  const Wait wait = wait_of(fd.get(), kind);
  if (wait == Wait::none) return;
  if (wait == Wait::linger && !accepts()) {
    turn_linger_off(fd.get());
    return;
  }
  close_elsewhere(std::move(fd));
}

void Closer::close_connection(Fd fd, DescriptorKind kind) noexcept {
  if (!fd) return;
  switch (wait_of(fd.get(), kind)) {
    case Wait::none:
      return;
    case Wait::linger:
      turn_linger_off(fd.get());
      return;
    case Wait::unknown:
      close_elsewhere(std::move(fd));
      return;
  }
}

void Closer::close_client(Fd fd) noexcept {
  // A descriptor in flight comes with a byte at least.
  int unread = -1;
  const bool is_empty = ::ioctl(fd.get(), SIOCINQ, &unread) == 0 && unread == 0;
  if (!is_empty) close_elsewhere(std::move(fd));
}

void Closer::close_handed_over(Fd fd, DescriptorKind kind) noexcept {
  if (kind == DescriptorKind::other) close_elsewhere(std::move(fd));
}

bool Closer::accepts(int descriptor, DescriptorKind kind) const noexcept {
  switch (kind) {
    case DescriptorKind::network:
    case DescriptorKind::pipe:
      return true;
    case DescriptorKind::local:
    case DescriptorKind::other:
      break;
  }
  return accepts() || (kind == DescriptorKind::local && is_stream(descriptor));
}

bool Closer::accepts() const noexcept {
  const std::lock_guard lock{shared_->mutex};
  return shared_->unfinished < kMaxWaiting;
}

void Closer::close_elsewhere(Fd fd) noexcept {
  // Where memory or a thread cannot be had, the descriptor is closed right here: `fd` owns it.
  try {
    if (!running_) start_thread();
    const std::lock_guard lock{shared_->mutex};
    shared_->waiting.push_back(std::move(fd));
    if (++shared_->unfinished > kMaxGraceful) shared_->set_hurry(true);
    shared_->wake.notify_one();
  } catch (...) {
  }
}

void Closer::start_thread() {
  struct sigaction interrupt{};
  interrupt.sa_handler = [](int) {};
  ::sigaction(kInterrupt, &interrupt, nullptr);
  // All others are the main thread's.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  sigdelset(&all, kInterrupt);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread{[shared = shared_] { close_all(shared); }}.detach();
    running_ = true;
  } catch (...) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace scache
