// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <scache/connection.hpp>
#include <scache/result.hpp>
#include <scache/socket_path.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// libscache for programs that have an event loop.
//
//   scache::AsyncClient cache;
//   const auto id = cache.find_endpoint("smtp:192.0.2.1:25");
//   // when poll() reports cache.events() of cache.descriptor(), and after each request:
//   cache.process();
//   while (auto outcome = cache.next_outcome()) {
//     if (outcome->id == id) ... std::get_if<scache::Connection>(&*outcome->answer) ...
//   }

namespace scache {
inline namespace v0 {

// AsyncClient pipelines requests on one stream and never blocks. It supports the direct protocol
// only. If the server does not, requests end as `unsupported`; the server is asked only once.
//
// Each request has a number, which is never 0, and exactly one outcome. Outcomes come in any order.
// Requests have no time limit: the program cancels them, or disconnects. The first process() that
// has something to send opens the stream, and opens it again after the server was restarted.
//
// One thread at a time. A child of fork() has its own stream. Requests without an outcome, and
// outcomes that were not taken, continue in the parent and end in the child as `disconnected`. No
// SIGPIPE is raised. Exceptions: std::bad_alloc only.
class SCACHE_API AsyncClient {
 public:
  using Request = std::uint64_t;
  struct Cancelled {
    // Whether that request was still outstanding. It then ends as ErrorCode::cancelled.
    bool was_under_way = false;
  };
  // The results of find, save, bind, drop, list, statistics, ping and cancel, in this order.
  using Answer = std::variant<Connection, Saved, Bound, Dropped, Page, std::vector<Statistic>,
                              std::string, Cancelled>;
  struct Outcome {
    Request id = 0;
    Result<Answer> answer;
    // The connection of a failed save, as Client::save() leaves it: with its descriptor if nothing
    // was sent or the server refused it, empty if the save is in doubt.
    Connection given_back{};
  };

  explicit AsyncClient(std::string socket_path = default_socket_path());
  AsyncClient(AsyncClient&& other) noexcept;
  AsyncClient& operator=(AsyncClient&& other) noexcept;
  ~AsyncClient();

  // The requests of Client. Nothing is sent before process().
  Request find_endpoint(std::string_view endpoint);
  Request find_destination(std::string_view destination);
  // Takes ownership of the connection. Closes its descriptor when the connection is saved, or when
  // the save is in doubt.
  Request save(Connection connection, const SaveOptions& options = {});
  Request bind(const Binding& binding, std::string_view endpoint);
  Request drop_endpoint(std::string_view endpoint);
  Request drop_destination(std::string_view destination);
  Request drop_prefix(std::string_view prefix);
  Request list_page(const ListOptions& options, const std::optional<std::string>& cursor = {});
  Request statistics();
  Request ping();

  // Cancels a request. If it is sent already, the server decides whether it ends early. The
  // cancellation has a number and an outcome of its own.
  Request cancel(Request id);
  // Ends all requests (disconnected) and the stream. Connections that a lookup finds are closed.
  void disconnect();

  // The descriptor to poll, and the events (POLLIN, POLLOUT). process() may change both. The
  // descriptor is -1 while there is no stream; a new stream may have the number of the old one.
  int descriptor() const noexcept;
  short events() const noexcept;
  // Whether process() has to connect or to send before poll() reports an event.
  bool wants_process() const noexcept;
  // Connects, sends and receives as far as possible without blocking.
  void process();

  // The next outcome, if there is one.
  std::optional<Outcome> next_outcome();
  // The number of requests that have no outcome yet.
  std::size_t under_way() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace v0
}  // namespace scache
