// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <list>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/log.hpp"
#include "base/memory_return.hpp"
#include "health/farewells.hpp"
#include "health/prober.hpp"
#include "health/watcher.hpp"
#include "io/closer.hpp"
#include "io/loop.hpp"
#include "server/acceptor.hpp"
#include "server/clients.hpp"
#include "server/closing_watch.hpp"
#include "server/expiry.hpp"
#include "server/listen_policy.hpp"
#include "server/service.hpp"

namespace scache::server {

// Server serves the clients of any number of listening sockets, and does what is due before each
// wait of the loop. It runs on one loop.
class Server final : private ClientOwner {
 public:
  struct Settings {
    // Maximum number of clients. At the limit the server closes one client for the next: the one
    // whose request has been unfinished longest, or the one that has been idle longest.
    std::size_t clients = 512;
    // Maximum number of connections that say goodbye at once.
    std::size_t goodbyes = 0;
    // Time without clients after which idle_too_long is called; zero disables it.
    Duration max_idle{};
    // Called once, when the first request begins.
    std::function<void()> first_request{};
    // Called after max_idle without clients.
    std::function<void()> idle_too_long{};
  };

  Server(Loop& loop, Closer& closer, Service& service, Log& log, const Settings& settings);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Accepts clients from a non-blocking listening socket, which the caller keeps open until
  // stop_accepting(). The policy must outlive the server.
  void accept_from(int listening, const ListenPolicy& policy);
  // Serves a connected client. The policy must outlive the server.
  void adopt(Fd socket, const ListenPolicy& policy);
  // Stops accepting clients, and no longer uses the listening sockets.
  void stop_accepting() noexcept;
  // Stops accepting clients, closes each client as soon as it is idle, and calls `finished` after
  // the last one. A session must not call it.
  void finish(std::function<void()> finished);

  std::size_t clients() const noexcept { return clients_.count(); }

 private:
  void serve(Fd socket, Caller caller);
  void client_idle(Client& client) noexcept override;
  void client_busy(Client& client) noexcept override;
  void client_done(Client& client) noexcept override;
  // The last client has ended.
  void emptied() noexcept;
  void before_wait() noexcept;

  Loop& loop_;
  Closer& closer_;
  Service& service_;
  Log& log_;
  Settings settings_;
  Clients clients_;
  std::function<void()> finished_;
  bool had_request_ = false;
  ClosingWatch closing_;
  Expiry expiry_;
  Watcher watcher_;
  Farewells farewells_;
  Prober prober_;
  MemoryReturn memory_return_;
  Timer left_out_;
  Timer idle_exit_;
  // Last: they use the members above.
  std::list<Acceptor> acceptors_;
};

}  // namespace scache::server
