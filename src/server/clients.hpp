// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "io/loop.hpp"
#include "server/client.hpp"

namespace scache::server {

// Clients owns the clients of a server. It orders them by the time in their state, counts them by
// user, and closes one to make room for another.
class Clients {
 public:
  // How long a request may be unfinished before its client can be closed for another client. An
  // ordinary client sends the rest within a millisecond.
  static constexpr Duration kPatience = std::chrono::milliseconds{200};
  // Clients above the limit, while as many other clients get their last reply.
  static constexpr std::size_t kClientsOnTheirWay = 4;

  // `most` is the maximum number of clients. `emptied` is called after the last one has ended.
  Clients(Loop& loop, Log& log, std::size_t most, std::function<void()> emptied)
      : loop_{loop}, log_{log}, most_{most}, emptied_{std::move(emptied)} {}
  ~Clients() { end_all(); }
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  // Takes ownership. Throws std::bad_alloc, and then has not.
  Client& add(std::unique_ptr<Client> client);
  std::size_t count() const noexcept { return count_; }
  // How many clients the user has.
  std::size_t count_of(uid_t user) const noexcept;

  // A client that is done is destroyed by the next end_done(): its session cannot destroy it.
  void set_state(Client& client, Client::State state) noexcept;
  void end_done() noexcept;
  void end_all() noexcept;
  // Marks the idle clients as done.
  void dismiss_idle() noexcept;

  bool has_room() const noexcept { return count_ < most_; }
  // At the limit: whether a client may be closed for the next one. If more than half of the maximum
  // are within a request, waits until one is overdue. Otherwise an idle client makes room.
  bool may_make_room() const noexcept;
  // Closes a client, one of `of_user` if given: the one whose request has been unfinished longest,
  // if it is overdue, or the one that has been idle longest. Returns whether there was one.
  bool make_room(std::optional<uid_t> of_user = std::nullopt) noexcept;

 private:
  using All = boost::intrusive::list<Client, boost::intrusive::base_hook<ClientHook>,
                                     boost::intrusive::constant_time_size<false>>;
  using OfState = boost::intrusive::list<Client, boost::intrusive::base_hook<StateHook>,
                                         boost::intrusive::constant_time_size<false>>;

  bool is_overdue(const Client& client) const noexcept;
  void end(Client& client) noexcept;

  Loop& loop_;
  Log& log_;
  std::size_t most_;
  std::function<void()> emptied_;
  All all_;
  std::size_t count_ = 0;
  std::map<uid_t, std::size_t> count_of_user_;
  OfState idle_;
  OfState busy_;
  OfState done_;
  std::size_t busy_count_ = 0;
};

}  // namespace scache::server
