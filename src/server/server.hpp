#pragma once

#include <sys/socket.h>

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <functional>
#include <limits>
#include <list>
#include <map>
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
#include "server/client.hpp"
#include "server/closing_watch.hpp"
#include "server/service.hpp"

namespace scache::server {

// Server accepts clients, keeps their sessions within a limit, and ends what has expired in the
// cache. It lives on one loop; everything happens within the loop's turns.
class Server final : private ClientOwner {
 public:
  struct Settings {
    SessionSettings session;
    // Clients at once. When one more comes, one is closed: the one that has kept the server waiting
    // for the rest of its request longest, or the one that has been idle longest.
    std::size_t clients = 512;
    // Clients of one user: one more closes one of that user.
    std::size_t clients_of_user = std::numeric_limits<std::size_t>::max();
    // Who is served; without it, whoever reaches the socket. Somebody else is closed at once.
    std::optional<Access> access{};
    // How long the server stays without clients; zero is for ever.
    Duration max_idle{};
    // Called once, when the first request begins.
    std::function<void()> first_request{};
    // Called when max_idle is over.
    std::function<void()> idle_too_long{};
  };

  // Expired entries that are ended before clients have their turn again: a millisecond's worth.
  static constexpr std::size_t kExpiriesOfTurn = 128;
  // How long a client that is within a request may keep the server waiting where others wait for
  // its place: an honest one has sent the rest within a millisecond.
  static constexpr Duration kPatience = std::chrono::milliseconds{200};
  // Clients above the limit, while as many that had begun to speak when their places were wanted
  // are served for the last time.
  static constexpr std::size_t kClientsOnTheirWay = 4;
  // Clients that are accepted in a row.
  static constexpr unsigned kAcceptsOfTurn = 16;
  // How long nobody is accepted after descriptors or memory have run out.
  static constexpr Duration kAcceptPause = std::chrono::milliseconds{100};

  Server(Loop& loop, Closer& closer, Service& service, Log& log, const Settings& settings);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Accepts clients from a listening socket, which it borrows and which must not block. There may
  // be several.
  void accept_from(int listening);
  // Serves a client that is connected already. `user` is whose it is, where that is known.
  void adopt(Fd socket, std::optional<uid_t> user = std::nullopt);
  // Accepts nobody any more, and lets the listening sockets go.
  void stop_accepting() noexcept;
  // Accepts nobody any more, closes each client as soon as it is between requests, and calls
  // `finished` when the last one has gone. Not to be called by a session.
  void finish(std::function<void()> finished);
  // Serves others from now on. Clients that are there stay.
  void set_access(Access access, std::size_t clients_of_user) {
    settings_.access = std::move(access);
    settings_.clients_of_user = clients_of_user;
  }
  // For requests that begin from now on.
  void set_time_limit(Duration limit) noexcept { settings_.session.time_limit = limit; }

  std::size_t clients() const noexcept { return count_; }

 private:
  using Clients = boost::intrusive::list<Client, boost::intrusive::base_hook<ClientHook>,
                                         boost::intrusive::constant_time_size<false>>;
  using Standing = boost::intrusive::list<Client, boost::intrusive::base_hook<StandingHook>,
                                          boost::intrusive::constant_time_size<false>>;

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
  void tell_of_shortage(const char* what) noexcept;
  // Whether somebody may be ended for one more that comes.
  bool may_make_room() const noexcept;
  bool is_overdue(const Client& client) const noexcept;
  // Ends a client, of that user if one is named. Answers whether there was one to end.
  bool make_room(std::optional<uid_t> of_user = std::nullopt) noexcept;
  bool has_too_many(uid_t user) const noexcept;
  void stand(Client& client, Client::Standing standing) noexcept;

  void client_idle(Client& client) noexcept override;
  void client_busy(Client& client) noexcept override;
  void client_done(Client& client) noexcept override;
  void end(Client& client) noexcept;
  void end_done() noexcept;

  void before_wait() noexcept;
  void expire() noexcept;

  Loop& loop_;
  Closer& closer_;
  Service& service_;
  Log& log_;
  Settings settings_;
  Clients clients_;
  std::size_t count_ = 0;
  std::map<uid_t, std::size_t> count_of_user_;
  // Clients between requests and within one, the one that has been there longest first; clients
  // whose session is over.
  Standing idle_;
  Standing busy_;
  Standing done_;
  std::size_t busy_count_ = 0;
  std::function<void()> finished_;
  bool had_request_ = false;
  // A user was refused who had sent what cannot be closed: from then on no descriptor comes before
  // its client was admitted, where the kernel can do that.
  bool is_guarded_ = false;
  ClosingWatch closing_;
  MemoryReturn memory_return_;
  Timer expiry_;
  Timer left_out_;
  Timer idle_exit_;
  // Last: their tasks use what stands above.
  std::list<Acceptor> acceptors_;
};

}  // namespace scache::server
