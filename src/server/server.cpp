// SPDX-License-Identifier: Apache-2.0
#include "server/server.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "io/message.hpp"
#include "io/peer.hpp"

namespace scache::server {
namespace {

// Sets whether a socket, and the sockets accepted from it, can receive descriptors (SO_PASSRIGHTS,
// since Linux 6.16).
void let_descriptors_in(int socket, bool on) noexcept {
  constexpr int kPassRights = 83;
  const int value = on ? 1 : 0;
  ::setsockopt(socket, SOL_SOCKET, kPassRights, &value, sizeof value);
}

}  // namespace

Server::Server(Loop& loop, Closer& closer, Service& service, Log& log, const Settings& settings)
    : loop_{loop},
      closer_{closer},
      service_{service},
      log_{log},
      settings_{settings},
      clients_{loop, log, [this] { emptied(); }},
      closing_{loop, closer, log},
      expiry_{loop, [this] { expire(); }},
      left_out_{loop, [this] { log_.log_left_out(loop_.now()); }},
      idle_exit_{loop, [this] { settings_.idle_too_long(); }} {
  loop_.before_wait([this] { before_wait(); });
}

Server::~Server() {
  loop_.before_wait({});
  clients_.end_all();
  log_.log_left_out(kNever);
}

void Server::accept_from(int listening) {
  if (settings_.max_idle > Duration::zero()) {
    idle_exit_.set(after(loop_.now(), settings_.max_idle));
  }
  Acceptor& acceptor = acceptors_.emplace_back(loop_, listening);
  acceptor.task = accept_clients(acceptor);
  acceptor.task.start();
}

Task<> Server::accept_clients(Acceptor& acceptor) {
  for (;;) {
    Accepted accepted = Accepted::one;
    try {
      co_await acceptor.watch.readable(kNever);
    } catch (const std::exception& failure) {
      log_shortage(failure.what());
      accepted = Accepted::not_now;
    }
    for (unsigned i = 0; i < kAcceptsOfTurn && accepted == Accepted::one; ++i) {
      accepted = accept_one(acceptor.listening);
    }
    if (accepted == Accepted::not_now) {
      const Instant later = after(loop_.now(), kAcceptPause);
      co_await acceptor.watch.pause(later);
    }
  }
}

Server::Accepted Server::accept_one(int listening) {
  if (clients_.count() >= settings_.clients && !clients_.may_make_room(settings_.clients)) {
    return Accepted::not_now;
  }
  if (closer_.is_full()) {
    log_shortage("too many descriptors wait for close(2)");
    return Accepted::not_now;
  }
  Fd socket{::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (socket) {
    admit(std::move(socket), listening);
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
void Server::admit(Fd socket, int listening) {
  try {
    const auto who = peer_credentials(socket.get());
    const uid_t user = who ? who->uid : Closer::kNobody;
    const bool can_be_closed = closer_.accepts(user);
    if (settings_.access && !can_be_closed && !std::exchange(is_guarded_, true)) {
      let_descriptors_in(listening, false);
    }
    if (settings_.access && !has_access(socket.get(), who)) {
      refuse(std::move(socket), user, "has no access");
      return;
    }
    if (!can_be_closed) {
      refuse(std::move(socket), user, "has sent too many descriptors whose close(2) is blocked");
      return;
    }
    if (clients_.count_of(user) >= settings_.clients_of_user && !clients_.make_room(user)) {
      refuse(std::move(socket), user, "has too many clients");
      return;
    }
    if (is_guarded_) let_descriptors_in(socket.get(), true);
    if (clients_.count() >= settings_.clients) clients_.make_room();
    adopt(std::move(socket), user);
  } catch (const std::exception& failure) {
    log_shortage(failure.what());
  }
}

bool Server::has_access(int socket, const std::optional<ucred>& who) const {
  if (!who) return false;
  const auto groups =
      settings_.access->asks_for_groups() ? peer_groups(socket) : std::vector<gid_t>{};
  return settings_.access->admits(*who, groups);
}

void Server::refuse(Fd socket, uid_t user, const char* why) noexcept {
  const std::int64_t shown = user == Closer::kNobody ? -1 : std::int64_t{user};
  log_.warn(LogKind::access, loop_.now(), "client refused: user {} {}", shown, why);
  put_out_of_band_in_line(socket.get());
  ::shutdown(socket.get(), SHUT_RDWR);
  closer_.close_client(std::move(socket), user);
}

// On a shortage of descriptors or memory, clients wait in the backlog.
void Server::log_shortage(const char* what) noexcept {
  log_.warn(LogKind::shortage, loop_.now(), "accept connection: {}", what);
}

void Server::adopt(Fd socket, std::optional<uid_t> user) {
  try {
    auto client =
        std::make_unique<Client>(loop_, closer_, service_, log_, settings_.session,
                                 static_cast<ClientOwner&>(*this), std::move(socket), user);
    Client& greeted = clients_.add(std::move(client));
    idle_exit_.set(kNever);
    greeted.start();
  } catch (const std::exception& failure) {
    log_.warn(LogKind::session, loop_.now(), "cannot start a client session: {}", failure.what());
  }
}

void Server::stop_accepting() noexcept {
  acceptors_.clear();
}

void Server::finish(std::function<void()> finished) {
  finished_ = std::move(finished);
  stop_accepting();
  if (clients_.count() == 0) finished_();
  clients_.dismiss_idle();
  clients_.end_done();
}

void Server::client_idle(Client& client) noexcept {
  clients_.set_state(client, finished_ ? Client::State::done : Client::State::idle);
}

void Server::client_busy(Client& client) noexcept {
  clients_.set_state(client, Client::State::busy);
  if (!std::exchange(had_request_, true) && settings_.first_request) settings_.first_request();
}

void Server::client_done(Client& client) noexcept {
  clients_.set_state(client, Client::State::done);
}

void Server::emptied() noexcept {
  if (finished_) finished_();
  if (settings_.max_idle > Duration::zero()) {
    idle_exit_.set(after(loop_.now(), settings_.max_idle));
  }
}

void Server::before_wait() noexcept {
  clients_.end_done();
  closing_.before_wait();
  if (memory_return_.is_due(service_.cache().bytes())) return_free_memory();
  // If the next deadline has moved to a later time, the timer adjusts when it fires.
  if (const Instant next = service_.next_deadline(); next < expiry_.deadline()) expiry_.set(next);
  if (const Instant next = log_.next_count(); next < left_out_.deadline()) left_out_.set(next);
}

void Server::expire() noexcept {
  // An expired connection occupies its descriptor until the closer has closed it.
  if (!service_.is_closing()) service_.expire(loop_.now(), kExpiriesOfTurn);
  expiry_.set(service_.next_deadline());
}

}  // namespace scache::server
