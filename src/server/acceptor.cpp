// SPDX-License-Identifier: Apache-2.0
#include "server/acceptor.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>
#include <string>
#include <utility>

#include "io/message.hpp"
#include "wire/direct_handshake.hpp"

namespace scache::server {

using direct::ErrorCode;

namespace {

// Sets whether a socket, and the sockets accepted from it, can receive descriptors (SO_PASSRIGHTS,
// since Linux 6.16).
void let_descriptors_in(int socket, bool on) noexcept {
  constexpr int kPassRights = 83;
  const int value = on ? 1 : 0;
  ::setsockopt(socket, SOL_SOCKET, kPassRights, &value, sizeof value);
}

}  // namespace

Task<> Acceptor::accept_clients() {
  for (;;) {
    Accepted accepted = Accepted::one;
    try {
      co_await watch_.readable(kNever);
    } catch (const std::exception& failure) {
      log_shortage(failure.what());
      accepted = Accepted::not_now;
    }
    for (unsigned i = 0; i < kAcceptsOfTurn && accepted == Accepted::one; ++i) {
      accepted = accept_one();
    }
    if (accepted == Accepted::not_now) {
      const Instant later = after(loop_.now(), kAcceptPause);
      co_await watch_.pause(later);
    }
  }
}

Acceptor::Accepted Acceptor::accept_one() {
  if (!clients_.has_room() && !clients_.may_make_room()) return Accepted::not_now;
  if (closer_.is_full()) {
    log_shortage("too many descriptors wait for close(2)");
    return Accepted::not_now;
  }
  Fd socket{::accept4(listening_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (socket) {
    admit(std::move(socket));
    return Accepted::one;
  }
  switch (errno) {
    case EAGAIN:
    case EINTR:
    case ECONNABORTED:
      return Accepted::none;
    default:
      log_shortage(::strerrordesc_np(errno));
      return Accepted::not_now;
  }
}

// Serves an accepted client, or refuses it.
void Acceptor::admit(Fd socket) {
  try {
    Caller caller = Caller::of(socket.get(), policy_);
    if (const auto refused = refusal(caller)) {
      return refuse(std::move(socket), caller.user, *refused);
    }
    if (is_guarded_) let_descriptors_in(socket.get(), true);
    if (!clients_.has_room()) clients_.make_room();
    serve_(std::move(socket), std::move(caller));
  } catch (const std::exception& failure) {
    log_shortage(failure.what());
  }
}

std::optional<Acceptor::Refusal> Acceptor::refusal(const Caller& caller) noexcept {
  const bool can_be_closed = closer_.accepts(caller.user);
  if (policy_.access && !can_be_closed && !std::exchange(is_guarded_, true)) {
    let_descriptors_in(listening_, false);
  }
  if (!caller.has_access()) return Refusal{ErrorCode::denied, "has no access"};
  if (!can_be_closed) {
    return Refusal{ErrorCode::busy, "has sent too many descriptors whose close(2) is blocked"};
  }
  if (clients_.count_of(caller.user) >= policy_.clients_of_user &&
      !clients_.make_room(caller.user)) {
    return Refusal{ErrorCode::busy, "has too many clients"};
  }
  return std::nullopt;
}

// Sends the client the reason in place of the greeting, and closes its stream.
void Acceptor::refuse(Fd socket, uid_t user, const Refusal& refusal) {
  const std::int64_t shown = user == Caller::kNobody ? -1 : std::int64_t{user};
  const std::string reason = fmt::format("user {} {}", shown, refusal.why);
  log_.warn(LogKind::access, loop_.now(), "client refused: {}", reason);
  put_out_of_band_in_line(socket.get());
  std::string greeting;
  direct::put_denial(greeting, {refusal.code, reason});
  send(socket.get(), greeting);
  ::shutdown(socket.get(), SHUT_RDWR);
  closer_.close_client(std::move(socket), user);
}

// On a shortage of descriptors or memory, clients wait in the backlog.
void Acceptor::log_shortage(const char* what) noexcept {
  log_.warn(LogKind::shortage, loop_.now(), "accept connection: {}", what);
}

}  // namespace scache::server
