// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <scache/connection.hpp>
#include <scache/result.hpp>
#include <scache/socket_path.hpp>
#include <string>
#include <string_view>
#include <vector>

// libscache: connections shared by many processes.
//
//   scache::Client cache;
//   auto found = cache.find_endpoint("smtp:192.0.2.1:25");
//   scache::Connection connection = std::move(found).value_or({});
//   if (!connection) connection = ...;      // a new one
//   ...                                     // use it
//   cache.save(connection, {.ttl = 30s});   // for the next user
//
// Requires C++20. See scache/client.h for C, and scache/async_client.hpp for event loops.

namespace scache {
inline namespace v0 {

// The protocol between client and server (docs/protocol.md). Postfix's own server supports only the
// Postfix protocol, which has no drop, list and statistics, and no NUL bytes in names and
// properties.
enum class Protocol { any, direct, postfix };

struct ClientOptions {
  // The time limit of a call without a timeout argument.
  std::chrono::milliseconds timeout{2'000};
  // `any` prefers the direct protocol.
  Protocol protocol = Protocol::any;
  // How many streams stay open between calls. Concurrent calls use a stream each. A stream takes
  // two descriptors: its socket, and one that reserves a number for the connection that a lookup
  // finds.
  std::size_t idle_streams = 4;
};

// Client sends requests to one server. The first call connects, and so does the first call after a
// restart of the server. Without a server each call fails at once (no_server).
//
// Threads: any number of threads may call the members, except the destructor and assignment.
// Forks: a child may use the client. It closes the parent's streams and opens its own. Not after
// vfork().
// Signals: no SIGPIPE is raised. Calls continue after a signal handler has run.
// Exceptions: std::bad_alloc only. A save that throws leaves the connection as one that fails.
// Timeouts: every call ends within `timeout`, by default that of ClientOptions.
class SCACHE_API Client {
 public:
  using Timeout = std::optional<std::chrono::milliseconds>;

  // `socket_path`: the server's UNIX-domain socket, at most 107 bytes.
  explicit Client(std::string socket_path = default_socket_path(), ClientOptions options = {});
  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;
  ~Client();

  // Take a connection out of the cache. find_destination() uses the first endpoint that the
  // destination is bound to and that has a connection. They return an empty Connection if there is
  // none. A connection that is found after the timeout is closed.
  Result<Connection> find_endpoint(std::string_view endpoint, Timeout timeout = {});
  Result<Connection> find_destination(std::string_view destination, Timeout timeout = {});

  // Saves a connection under its endpoint, and bindings with it. On success the library closes its
  // descriptor: the cache has the connection.
  //
  // After an error, `connection` still has its descriptor if nothing was sent or the server refused
  // the save: the caller uses it or closes it. `connection` is empty if the save is in doubt, that
  // is, if the descriptor was sent and no answer arrived (timeout, disconnected, protocol, system,
  // cancelled). The cache may have the connection then, and another process may have found it, so
  // the library has closed the descriptor, and the error says so.
  Result<Saved> save(Connection& connection, const SaveOptions& options = {}, Timeout timeout = {});

  // Binds a destination to an endpoint, or renews the binding.
  Result<Bound> bind(const Binding& binding, std::string_view endpoint, Timeout timeout = {});

  // Remove all connections of an endpoint; all bindings of a destination; all connections whose
  // endpoint, and all bindings whose destination, begins with a prefix. An empty prefix removes
  // everything. The server closes the connections.
  Result<Dropped> drop_endpoint(std::string_view endpoint, Timeout timeout = {});
  Result<Dropped> drop_destination(std::string_view destination, Timeout timeout = {});
  Result<Dropped> drop_prefix(std::string_view prefix, Timeout timeout = {});

  // list() returns the entries in the order in which they expire; `timeout` covers all its pages.
  // list_page() returns one page; `cursor` is that of the previous page.
  Result<std::vector<Entry>> list(const ListOptions& options = {}, Timeout timeout = {});
  Result<Page> list_page(const ListOptions& options, const std::optional<std::string>& cursor,
                         Timeout timeout = {});

  Result<std::vector<Statistic>> statistics(Timeout timeout = {});
  // Returns the server's name and version, empty in the Postfix protocol.
  Result<std::string> ping(Timeout timeout = {});
  // Returns the protocol that is used with the server: direct or postfix.
  Result<Protocol> protocol(Timeout timeout = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace v0
}  // namespace scache
