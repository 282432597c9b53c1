#include "io/closer.hpp"

#include <linux/sockios.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/stream_socket.hpp"
#include "io/loop.hpp"

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
      // On a stream a descriptor in flight comes with a byte at least.
      int unread = -1;
      const bool empty = ::ioctl(descriptor, SIOCINQ, &unread) == 0 && unread == 0;
      return empty && is_stream(descriptor) ? Wait::none : Wait::unknown;
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

// Closes whatever comes, one after the other, until the Closer has gone and nothing is left.
template <typename Shared>
void close_all(const std::shared_ptr<Shared>& shared) noexcept {
  std::unique_lock lock{shared->mutex};
  for (;;) {
    shared->wake.wait(lock, [&] { return shared->stop || !shared->waiting.empty(); });
    if (shared->waiting.empty()) return;
    std::vector<Fd> batch = std::move(shared->waiting);
    shared->waiting.clear();
    for (Fd& fd : batch) {
      lock.unlock();
      fd.reset();
      lock.lock();
      --shared->unfinished;
    }
  }
}

}  // namespace

struct Closer::Shared {
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<Fd> waiting;
  // Those that wait, and the one that is being closed.
  std::size_t unfinished = 0;
  bool stop = false;
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

void Closer::close_handed_over(Fd fd, DescriptorKind kind) noexcept {
  if (kind == DescriptorKind::other) {
    close_elsewhere(std::move(fd));
  } else if (loop_ != nullptr) {
    loop_->close_soon(std::move(fd));
  }
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
    if (!running_) {
      // Signals are the main thread's.
      sigset_t all;
      sigset_t before;
      sigfillset(&all);
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
    const std::lock_guard lock{shared_->mutex};
    shared_->waiting.push_back(std::move(fd));
    ++shared_->unfinished;
    shared_->wake.notify_one();
  } catch (...) {
  }
}

}  // namespace scache
