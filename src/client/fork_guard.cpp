#include "client/fork_guard.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>

// All open sockets are on one list, and a child of fork() closes what is on it. A socket is opened
// and put there, and taken from there and closed, under one lock, which fork() waits for: the child
// finds neither a socket that is not on the list nor a number that is somebody else's by now.
//
// A child that was made without fork()'s handlers (by clone(2) itself) has the list and the
// descriptors of its parent; the process id tells it that they are not its own.

namespace scache::client {

struct OpenSockets {
  std::mutex mutex;
  Socket* first = nullptr;

  void add(Socket& socket) noexcept {
    socket.behind_ = first;
    if (first != nullptr) first->before_ = &socket;
    first = &socket;
  }
  void remove(Socket& socket) noexcept {
    (socket.before_ != nullptr ? socket.before_->behind_ : first) = socket.behind_;
    if (socket.behind_ != nullptr) socket.behind_->before_ = socket.before_;
    socket.before_ = socket.behind_ = nullptr;
  }
  void close_all() noexcept {
    while (first != nullptr) {
      Socket& socket = *first;
      ::close(socket.number_);
      socket.number_ = -1;
      remove(socket);
    }
  }
};

namespace {

constinit OpenSockets sockets;

// From the program's start on: a fork that comes while they are being made would find them half
// made. Where there is no memory for the handlers, the process id is what is left.
[[maybe_unused]] const int watched =
    ::pthread_atfork([] { sockets.mutex.lock(); }, [] { sockets.mutex.unlock(); },
                     [] {
                       sockets.close_all();
                       sockets.mutex.unlock();
                     });

// How long connect() may wait for room in the server's backlog: a socket's send timeout, of which
// zero would be for ever.
bool limit_wait(int socket, Instant deadline) noexcept {
  using std::chrono::microseconds;
  const auto left = std::chrono::ceil<microseconds>(left_until(deadline, BootClock::now()));
  if (left == microseconds{0}) return false;
  const auto most = std::min<microseconds>(left, std::chrono::hours{24});
  const timeval limit{most.count() / 1'000'000, most.count() % 1'000'000};
  return ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0;
}

// A UNIX-domain socket connects at once, or waits for room in the backlog.
int connect_until(int socket, const sockaddr_un& address, Instant deadline) noexcept {
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  for (;;) {
    const bool waits = limit_wait(socket, deadline);
    if (!waits) ::fcntl(socket, F_SETFL, O_NONBLOCK);
    if (::connect(socket, generic, sizeof address) == 0) return 0;
    if (errno == EINTR) continue;
    return errno;
  }
}

}  // namespace

std::unique_lock<std::mutex> lock_against_forks() {
  return std::unique_lock{sockets.mutex};
}

int Socket::open(const std::string& path, Instant deadline) noexcept {
  close();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  path.copy(address.sun_path, path.size());
  {
    const auto lock = lock_against_forks();
    number_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (number_ < 0) return errno;
    process_ = ::getpid();
    sockets.add(*this);
  }
  const int error = connect_until(number_, address, deadline);
  if (error != 0) close();
  return error;
}

void Socket::close() noexcept {
  const auto lock = lock_against_forks();
  if (number_ < 0) return;
  sockets.remove(*this);
  ::close(number_);
  number_ = -1;
}

int Socket::get() const noexcept {
  return number_ >= 0 && process_ == ::getpid() ? number_ : -1;
}

}  // namespace scache::client
