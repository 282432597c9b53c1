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
//   cache.save(connection, {.ttl = 30s});   // for whoever comes next
//
// C++20. For C there is scache/client.h, for event loops scache/async_client.hpp.

namespace scache {
inline namespace v0 {

// How a client and its server talk (docs/protocol.md). Postfix's own server knows only Postfix's
// way, which has no drop, list and statistics, and no NUL bytes in names and properties.
enum class Protocol { any, direct, postfix };

struct ClientOptions {
  // How long a call may take that has no time of its own. A cache that answers later than that is
  // no gain.
  std::chrono::milliseconds timeout{2'000};
  // What to speak; `any` prefers the direct protocol.
  Protocol protocol = Protocol::any;
  // Streams that are kept open between calls. As many calls as there are threads may be under way
  // at once, each with a stream of its own. A stream takes two descriptors: its socket, and a
  // number that is reserved for what a lookup finds.
  std::size_t idle_streams = 4;
};

// Client talks to one server. It connects when it is first used, and again whenever the server has
// been restarted; without a server each call fails at once (no_server).
//
// Threads: all members but the destructor and assignment may be called by many threads at once.
// Forks: a child goes on, with streams of its own; it closes the parent's. Not after vfork().
// Signals: no SIGPIPE is raised; calls that a signal interrupts go on.
// Exceptions: std::bad_alloc only; a save that throws is as one that fails.
// Every call ends within `timeout`, or the time of ClientOptions.
class SCACHE_API Client {
 public:
  using Timeout = std::optional<std::chrono::milliseconds>;

  // `socket_path`: the server's UNIX-domain socket, at most 107 bytes.
  explicit Client(std::string socket_path = default_socket_path(), ClientOptions options = {});
  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;
  ~Client();

  // Takes a connection out of the cache: the endpoint's, or of the first endpoint that the
  // destination is bound to and that has one. An empty Connection where there is none. A connection
  // that a lookup finds too late (timeout) is closed.
  Result<Connection> find_endpoint(std::string_view endpoint, Timeout timeout = {});
  Result<Connection> find_destination(std::string_view destination, Timeout timeout = {});

  // Saves a connection under its endpoint, and bindings with it. Then the cache has it, and its
  // descriptor is closed here.
  //
  // After an error `connection` tells whose it is. It has its descriptor as before where nothing
  // was sent or the server refused it: the caller goes on with it or closes it. It is empty where
  // the save is in doubt, that is, where the descriptor was sent and no answer came (timeout,
  // disconnected, protocol, system, cancelled): the cache may have it, and another process may have
  // found it, so the library has closed it here, and the error says so.
  Result<Saved> save(Connection& connection, const SaveOptions& options = {}, Timeout timeout = {});

  // Ties a destination to an endpoint, or renews what ties them.
  Result<Bound> bind(const Binding& binding, std::string_view endpoint, Timeout timeout = {});

  // Removes and closes: all connections of an endpoint; all bindings of a destination; all
  // connections whose endpoint, and all bindings whose destination, begins with a prefix. An empty
  // prefix is everything.
  Result<Dropped> drop_endpoint(std::string_view endpoint, Timeout timeout = {});
  Result<Dropped> drop_destination(std::string_view destination, Timeout timeout = {});
  Result<Dropped> drop_prefix(std::string_view prefix, Timeout timeout = {});

  // Everything that the cache has, in the order of deadlines; or a page of it, which begins at
  // `cursor`, the page's before. The time is that of all pages together.
  Result<std::vector<Entry>> list(const ListOptions& options = {}, Timeout timeout = {});
  Result<Page> list_page(const ListOptions& options, const std::optional<std::string>& cursor,
                         Timeout timeout = {});

  Result<std::vector<Statistic>> statistics(Timeout timeout = {});
  // Whether the server is there: its name and version, empty in Postfix's way.
  Result<std::string> ping(Timeout timeout = {});
  // What it speaks: direct or postfix.
  Result<Protocol> protocol(Timeout timeout = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace v0
}  // namespace scache
