// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "base/user_namespace.hpp"
#include "io/descriptor.hpp"
#include "server/capacity.hpp"
#include "server/listen_policy.hpp"
#include "server/server.hpp"
#include "standalone/activation.hpp"
#include "standalone/configuration.hpp"
#include "standalone/listener.hpp"

namespace scache::standalone {

// How the clients of a socket are treated, from the configuration.
ListenPolicy policy_of(const Configuration& configuration, const SocketTable& socket,
                       const Capacity& capacity, const OverflowIds& overflow);

// Listeners are the sockets of scached, each with its policy. The policies stay where they are, and
// outlive the sockets.
class Listeners {
 public:
  // Takes the sockets that a service manager has passed, and creates the others. A socket that is
  // passed belongs to the [[listen]] with its path; the one without is that of [socket].
  static Result<Listeners> open(const Configuration& configuration,
                                std::vector<ActivatedSocket> passed);

  // The addresses, and a policy by its number, in the order of the configuration.
  std::vector<ListeningAddress> addresses() const;
  const ListenPolicy& policy(std::size_t number) const;

  // Sets the policies. The limits of names and properties stay as they were set first. A socket
  // that is no longer in the configuration serves the server's own user, root and the grants.
  void set_policies(const Configuration& configuration, const Capacity& capacity,
                    const OverflowIds& overflow);
  // Lets the server accept from all sockets.
  void accept(Server& server);
  // Closes the sockets, which the server no longer uses.
  void close() noexcept;
  // Creates sockets again whose files are gone, with a warning. An error if it cannot: the server
  // no longer accepts then.
  Result<void> keep(Server& server, Log& log);

 private:
  struct Entry {
    // The path in the configuration.
    std::string path;
    std::optional<Listener> listener;
    ListenPolicy policy{};
  };

  // A list moves nothing.
  std::list<Entry> entries_;
  bool has_policies_ = false;
};

}  // namespace scache::standalone
