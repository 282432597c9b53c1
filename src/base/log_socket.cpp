// SPDX-License-Identifier: Apache-2.0
#include "base/log_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace scache::base {
namespace {

using Sent = LogOutlet::Sent;

Sent send_once(int socket, std::string_view record, int flags) noexcept {
  for (;;) {
    if (::send(socket, record.data(), record.size(), flags) >= 0) return Sent::yes;
    if (errno == EINTR) continue;
    return errno == EAGAIN ? Sent::not_now : Sent::no;
  }
}

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

Sent LogSocket::send_with(std::string_view record, int flags) noexcept {
  if (!socket_) connect();
  if (!socket_) return Sent::no;
  const Sent sent = send_once(socket_.get(), record, flags);
  if (sent != Sent::no) return sent;
  if (errno == EMSGSIZE || errno == ENOBUFS || errno == ENOMEM) return sent;
  // The logger may have been restarted: connect again.
  connect();
  return socket_ ? send_once(socket_.get(), record, flags) : Sent::no;
}

Sent LogSocket::try_send(std::string_view& record) noexcept {
  return send_with(record, MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool LogSocket::send(std::string_view record) noexcept {
  return send_with(record, MSG_NOSIGNAL) == Sent::yes;
}

}  // namespace scache::base
