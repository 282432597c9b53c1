// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <list>
#include <optional>
#include <utility>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/log.hpp"
#include "base/memory_return.hpp"
#include "io/closer.hpp"
#include "io/loop.hpp"
#include "io/task.hpp"
#include "io/watch.hpp"
#include "server/access.hpp"
#include "server/clients.hpp"
#include "server/closing_watch.hpp"
#include "server/service.hpp"

namespace scache::server {

// Server accepts clients, limits the number of sessions, and removes expired entries from the
// cache. It runs on one loop.
class Server final : private ClientOwner {
 public:
  struct Settings {
    SessionSettings session;
    // Maximum number of clients. At the limit the server closes one client for the next: the one
    // whose request has been unfinished longest, or the one that has been idle longest.
    std::size_t clients = 512;
    // Maximum number of clients of one user. For one more the server closes one of that user.
    std::size_t clients_of_user = std::numeric_limits<std::size_t>::max();
    // The users that are served; without it, every client. Other clients are closed at once.
    std::optional<Access> access{};
    // Time without clients after which idle_too_long is called; zero disables it.
    Duration max_idle{};
    // Called once, when the first request begins.
    std::function<void()> first_request{};
    // Called after max_idle without clients.
    std::function<void()> idle_too_long{};
  };

  // Expired entries that are removed in one turn, about a millisecond of work.
  static constexpr std::size_t kExpiriesOfTurn = 128;
  // Clients accepted in one turn.
  static constexpr unsigned kAcceptsOfTurn = 16;
  // Pause before the next accept(2) after a shortage of descriptors or memory.
  static constexpr Duration kAcceptPause = std::chrono::milliseconds{100};

  Server(Loop& loop, Closer& closer, Service& service, Log& log, const Settings& settings);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Accepts clients from a non-blocking listening socket, which the caller keeps open. There may be
  // several.
  void accept_from(int listening);
  // Serves a connected client. `user` is its user, if known.
  void adopt(Fd socket, std::optional<uid_t> user = std::nullopt);
  // Stops accepting clients and releases the listening sockets.
  void stop_accepting() noexcept;
  // Stops accepting clients, closes each client as soon as it is idle, and calls `finished` after
  // the last one. A session must not call it.
  void finish(std::function<void()> finished);
  // Applies to new clients. Connected clients stay.
  void set_access(Access access, std::size_t clients_of_user) {
    settings_.access = std::move(access);
    settings_.clients_of_user = clients_of_user;
  }
  // Applies to requests that begin later.
  void set_time_limit(Duration limit) noexcept { settings_.session.time_limit = limit; }

  std::size_t clients() const noexcept { return clients_.count(); }

 private:
  struct Acceptor {
    Acceptor(Loop& loop, int socket) : listening{socket}, watch{loop, socket} {}

    int listening;
    Watch watch;
    Task<> task{};
  };

  Task<> accept_clients(Acceptor& acceptor);
  enum class Accepted { one, none, not_now };
  Accepted accept_one(int listening);
  void admit(Fd socket, int listening);
  bool has_access(int socket, const std::optional<ucred>& who) const;
  void refuse(Fd socket, uid_t user, const char* why) noexcept;
  void log_shortage(const char* what) noexcept;

  void client_idle(Client& client) noexcept override;
  void client_busy(Client& client) noexcept override;
  void client_done(Client& client) noexcept override;
  // The last client has ended.
  void emptied() noexcept;

  void before_wait() noexcept;
  void expire() noexcept;

  Loop& loop_;
  Closer& closer_;
  Service& service_;
  Log& log_;
  Settings settings_;
  Clients clients_;
  std::function<void()> finished_;
  bool had_request_ = false;
  // Set once a user with blocked close(2) calls connects: from then on clients cannot send
  // descriptors before they are admitted, if the kernel supports SO_PASSRIGHTS.
  bool is_guarded_ = false;
  ClosingWatch closing_;
  MemoryReturn memory_return_;
  Timer expiry_;
  Timer left_out_;
  Timer idle_exit_;
  // Last: their tasks use the members above.
  std::list<Acceptor> acceptors_;
};

}  // namespace scache::server
