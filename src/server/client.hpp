#pragma once

#include <sys/types.h>

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/rooms.hpp"
#include "io/stream.hpp"
#include "io/task.hpp"
#include "server/postfix_session.hpp"

namespace scache::server {

// The lists of a server that a client is in: all of them, and one for how it stands.
using ClientHook = boost::intrusive::list_base_hook<boost::intrusive::tag<struct ClientsTag>>;
using StandingHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<struct StandingTag>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

// ClientOwner is told by its clients how they stand.
class Client;
class ClientOwner {
 public:
  virtual void client_idle(Client& client) noexcept = 0;
  virtual void client_busy(Client& client) noexcept = 0;
  virtual void client_done(Client& client) noexcept = 0;

 protected:
  ~ClientOwner() = default;
};

// Client is one accepted connection with its session. Destroying it ends the session wherever it
// waits; not from within the session itself.
class Client final : public ClientHook, public StandingHook, private SessionEvents {
 public:
  Client(Loop& loop, Closer& closer, Service& service, Log& log, const SessionSettings& settings,
         ClientOwner& owner, Fd socket, std::optional<uid_t> user = std::nullopt)
      : owner_{owner},
        service_{service},
        log_{log},
        settings_{settings},
        user_{user ? *user : user_of(socket.get())},
        stream_{loop, closer, std::move(socket), user_},
        session_{stream_, service, *this, log, settings, saver()},
        task_{talk()} {}

  // Begins to talk. May be done when it returns.
  void start() { task_.start(); }

  // How it stands, for its server alone, and since when it is within its request.
  enum class Standing : std::uint8_t { none, idle, busy, done };
  Standing standing = Standing::none;
  Instant busy_since = kNever;

  // As Stream's.
  bool stop_if_silent() noexcept { return stream_.stop_if_silent(); }
  void stop_input() noexcept { stream_.stop_input(); }

  // Whose connections it saves, by the kernel's word; kNoOwner where it has none.
  std::uint32_t saver() const noexcept { return user_; }

 private:
  static uid_t user_of(int socket) noexcept;
  Task<> talk();
  void idle() noexcept override { owner_.client_idle(*this); }
  void busy() noexcept override { owner_.client_busy(*this); }
  void busy_again() noexcept override { owner_.client_busy(*this); }

  ClientOwner& owner_;
  Service& service_;
  Log& log_;
  const SessionSettings& settings_;
  uid_t user_;
  Stream stream_;
  PostfixSession session_;
  // Last, so that it ends first.
  Task<> task_;
};

}  // namespace scache::server
