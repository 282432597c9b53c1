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

// libscache for programs with an event loop of their own.
//
//   scache::AsyncClient cache;
//   const auto id = cache.find_endpoint("smtp:192.0.2.1:25");
//   // whenever poll() reports cache.events() of cache.descriptor(), and after requests:
//   cache.process();
//   while (auto outcome = cache.next_outcome()) {
//     if (outcome->id == id) ... std::get_if<scache::Connection>(&*outcome->answer) ...
//   }

namespace scache {
inline namespace v0 {

// AsyncClient has many requests under way at once, on one stream, and never blocks. It speaks the
// direct protocol only; with a server that does not, requests end as `unsupported`, and from the
// second on without asking it again.
//
// Each request has a number, which is never 0, and exactly one outcome, in any order. Requests have
// no time limit: whoever has waited enough cancels them, or disconnects. The stream is opened by
// the first process() that has something to send, and again after the server was restarted.
//
// One thread at a time. A child of fork() has its own stream; what had begun before the fork, and
// had no outcome that was taken, goes on in the parent and ends in the child as `disconnected`. No
// SIGPIPE is raised. Exceptions: std::bad_alloc only.
class SCACHE_API AsyncClient {
 public:
  using Request = std::uint64_t;
  struct Cancelled {
    // Whether that request was still under way: it ends as ErrorCode::cancelled.
    bool was_under_way = false;
  };
  // What a request of each kind answers: find, save, bind, drop, list, statistics, ping, cancel.
  using Answer = std::variant<Connection, Saved, Bound, Dropped, Page, std::vector<Statistic>,
                              std::string, Cancelled>;
  struct Outcome {
    Request id = 0;
    Result<Answer> answer;
    // Of a save that failed: the connection, as Client::save() leaves it. It has its descriptor,
    // the caller's again, where nothing was sent or the server refused it; it is empty where the
    // save is in doubt.
    Connection given_back{};
  };

  explicit AsyncClient(std::string socket_path = default_socket_path());
  AsyncClient(AsyncClient&& other) noexcept;
  AsyncClient& operator=(AsyncClient&& other) noexcept;
  ~AsyncClient();

  // Requests, as Client has them. Nothing is sent before process().
  Request find_endpoint(std::string_view endpoint);
  Request find_destination(std::string_view destination);
  // Takes the connection; its descriptor is closed when it was saved, or when that is in doubt.
  Request save(Connection connection, const SaveOptions& options = {});
  Request bind(const Binding& binding, std::string_view endpoint);
  Request drop_endpoint(std::string_view endpoint);
  Request drop_destination(std::string_view destination);
  Request drop_prefix(std::string_view prefix);
  Request list_page(const ListOptions& options, const std::optional<std::string>& cursor = {});
  Request statistics();
  Request ping();

  // Ends a request early, if it is under way. What was not sent yet ends here; of the rest the
  // server decides. The cancellation has a number and an outcome of its own.
  Request cancel(Request id);
  // Ends all requests (disconnected) and the stream. What a find would have found is closed.
  void disconnect();

  // What to poll, and for what (POLLIN, POLLOUT). Both change with process(): the descriptor is -1
  // while there is no stream, and a new one may have the number of the old.
  int descriptor() const noexcept;
  short events() const noexcept;
  // Whether process() has something to do before poll() reports anything: to connect, or to send.
  bool wants_process() const noexcept;
  // Connects, sends and receives as far as that is possible at once.
  void process();

  // The next outcome, if there is one; in the order in which they were known.
  std::optional<Outcome> next_outcome();
  // Requests that have no outcome yet.
  std::size_t under_way() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace v0
}  // namespace scache
