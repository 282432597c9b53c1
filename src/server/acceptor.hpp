// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/log.hpp"
#include "io/closer.hpp"
#include "io/loop.hpp"
#include "io/task.hpp"
#include "io/watch.hpp"
#include "server/caller.hpp"
#include "server/clients.hpp"
#include "wire/direct_frame.hpp"

namespace scache::server {

// Acceptor accepts the clients of one listening socket. It refuses those that have no access, that
// have too many clients already, or that have sent too many descriptors whose close(2) is blocked.
class Acceptor {
 public:
  // Clients accepted in one turn.
  static constexpr unsigned kAcceptsOfTurn = 16;
  // Pause before the next accept(2) after a shortage of descriptors or memory.
  static constexpr Duration kAcceptPause = std::chrono::milliseconds{100};

  // Called with each client that is accepted and not refused. May throw std::bad_alloc.
  using Serve = std::function<void(Fd socket, Caller caller)>;

  // The caller keeps the non-blocking socket open as long as the acceptor exists. The policy must
  // outlive the clients.
  Acceptor(Loop& loop, Closer& closer, Log& log, Clients& clients, int listening,
           const ListenPolicy& policy, Serve serve)
      : loop_{loop},
        closer_{closer},
        log_{log},
        clients_{clients},
        listening_{listening},
        policy_{policy},
        serve_{std::move(serve)},
        watch_{loop, listening},
        task_{accept_clients()} {
    task_.start();
  }
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

 private:
  enum class Accepted { one, none, not_now };

  Task<> accept_clients();
  Accepted accept_one();
  void admit(Fd socket);
  // Why a client is refused, for the log and for the client.
  struct Refusal {
    direct::ErrorCode code;
    const char* why;
  };
  std::optional<Refusal> refusal(const Caller& caller) noexcept;
  void refuse(Fd socket, uid_t user, const Refusal& refusal);
  void log_shortage(const char* what) noexcept;

  Loop& loop_;
  Closer& closer_;
  Log& log_;
  Clients& clients_;
  int listening_;
  const ListenPolicy& policy_;
  Serve serve_;
  // Set once a user with blocked close(2) calls connects: from then on clients cannot send
  // descriptors before they are admitted, if the kernel supports SO_PASSRIGHTS.
  bool is_guarded_ = false;
  Watch watch_;
  // Last: it uses the members above.
  Task<> task_;
};

}  // namespace scache::server
