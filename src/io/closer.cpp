#include "io/closer.hpp"

#include <linux/sockios.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
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

// Interrupts a close() that waits. By default it is ignored, and nobody else here uses it.
constexpr int kInterrupt = SIGURG;

// Sockets in flight in others, in others: more than the kernel takes.
constexpr unsigned kDeepest = 8;

void end_stream(int descriptor, unsigned depth) noexcept;

// Ends what was in flight.
class Ending final : public Surplus {
 public:
  explicit Ending(unsigned depth) noexcept : depth_{depth} {}
  void close_surplus(Fd fd) noexcept override { end_stream(fd.get(), depth_); }

 private:
  unsigned depth_;
};

// Lets the last close of a stream wait for nothing: no linger time, also in what is in flight in
// it. Whoever has it too finds it ended.
void end_stream(int descriptor, unsigned depth) noexcept {
  turn_linger_off(descriptor);
  if (depth == kDeepest || socket_family(descriptor) != AF_UNIX || !is_stream(descriptor)) return;
  ::shutdown(descriptor, SHUT_RDWR);
  Ending in_flight{depth + 1};
  std::array<char, 4'096> bytes;
  Received received;
  do {
    received = receive(descriptor, bytes, in_flight);
    if (received.fd) in_flight.close_surplus(std::move(received.fd));
  } while (received.kind == Received::Kind::bytes);
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
      const bool in_a_hurry = shared->in_a_hurry;
      lock.unlock();
      if (in_a_hurry) end_stream(fd.get(), 0);
      fd.reset();
      lock.lock();
      if (--shared->unfinished == 0) shared->in_a_hurry = false;
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
  bool in_a_hurry = false;
  bool stop = false;
};

// The mutex is held.
void Closer::push(Fd fd) {
  shared_->waiting.push_back(std::move(fd));
  shared_->wake.notify_one();
  if (++shared_->unfinished > kMaxGraceful) shared_->in_a_hurry = true;
  if (shared_->in_a_hurry) ::pthread_kill(thread_, kInterrupt);
}

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
    if (!running_) start_thread();
    const std::lock_guard lock{shared_->mutex};
    push(std::move(fd));
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
    std::thread thread{[shared = shared_] { close_all(shared); }};
    thread_ = thread.native_handle();
    thread.detach();
    running_ = true;
  } catch (...) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace scache
