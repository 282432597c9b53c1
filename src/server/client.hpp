// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <utility>

#include "base/rooms.hpp"
#include "io/stream.hpp"
#include "io/task.hpp"
#include "server/caller.hpp"
#include "server/postfix_session.hpp"

namespace scache::server {

// A client is in two lists of its server: the list of all clients, and the list of its state.
using ClientHook = boost::intrusive::list_base_hook<boost::intrusive::tag<struct ClientsTag>>;
using StateHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<struct StateTag>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

// Clients report their state to the ClientOwner.
class Client;
class ClientOwner {
 public:
  virtual void client_idle(Client& client) noexcept = 0;
  virtual void client_busy(Client& client) noexcept = 0;
  virtual void client_done(Client& client) noexcept = 0;

 protected:
  ~ClientOwner() = default;
};

// Client is one accepted connection with its session. Destroying it ends a suspended session. A
// session must not destroy its own client.
class Client final : public ClientHook, public StateHook, private SessionEvents {
 public:
  Client(Loop& loop, Closer& closer, Service& service, Log& log, ClientOwner& owner, Fd socket,
         Caller caller)
      : owner_{owner},
        service_{service},
        log_{log},
        caller_{std::move(caller)},
        stream_{loop, closer, std::move(socket), caller_.user},
        session_{stream_, service, *this, log, caller_},
        task_{talk()} {}

  // Starts the session, which may already have ended when this returns.
  void start() { task_.start(); }

  // The state of the client and the start of its request. Only the server uses these.
  enum class State : std::uint8_t { none, idle, busy, done };
  State state = State::none;
  Instant busy_since = kNever;

  // See Stream.
  bool stop_if_silent() noexcept { return stream_.stop_if_silent(); }
  void stop_input() noexcept { stream_.stop_input(); }

  uid_t user() const noexcept { return caller_.user; }

 private:
  Task<> talk();
  void idle() noexcept override { owner_.client_idle(*this); }
  void busy() noexcept override { owner_.client_busy(*this); }
  void busy_again() noexcept override { owner_.client_busy(*this); }

  ClientOwner& owner_;
  Service& service_;
  Log& log_;
  Caller caller_;
  Stream stream_;
  PostfixSession session_;
  // Last: it is destroyed first.
  Task<> task_;
};

}  // namespace scache::server
