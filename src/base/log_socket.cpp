#include "base/log_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace scache {
namespace {

constexpr int kPatienceMilliseconds = 50;

}  // namespace

LogSocket::LogSocket(std::string path) : path_{std::move(path)} {
  connect();
}

void LogSocket::connect() noexcept {
  socket_.reset();
  sockaddr_un address{};
  if (path_.empty() || path_.size() >= sizeof(address.sun_path)) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  Fd candidate{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!candidate) return;
  if (::connect(candidate.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0)
    socket_ = std::move(candidate);
}

bool LogSocket::wait_for_room() noexcept {
  if (!patient_) return false;
  pollfd waiting{.fd = socket_.get(), .events = POLLOUT, .revents = 0};
  return ::poll(&waiting, 1, kPatienceMilliseconds) > 0;
}

bool LogSocket::send_once(std::string_view record) noexcept {
  for (;;) {
    const auto sent =
        ::send(socket_.get(), record.data(), record.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      patient_ = true;
      return true;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return false;
    if (!wait_for_room()) {
      patient_ = false;
      errno = EAGAIN;
      return false;
    }
  }
}

bool LogSocket::send(std::string_view record) noexcept {
  if (!socket_) connect();
  if (!socket_) return false;
  if (send_once(record)) return true;
  if (errno == EAGAIN || errno == EMSGSIZE || errno == ENOBUFS || errno == ENOMEM) return false;
  // The logger went away; perhaps another one has taken its place.
  connect();
  return socket_ && send_once(record);
}

}  // namespace scache
