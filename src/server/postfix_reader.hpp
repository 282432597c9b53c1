// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "io/stream.hpp"
#include "server/listen_policy.hpp"
#include "server/session.hpp"
#include "wire/attribute_reader.hpp"

namespace scache::server {

// PostfixReader reads the attribute lists of one client in the Postfix protocol, sends the replies
// before it waits, and keeps the time limit of a request. It logs lists that are malformed or
// incomplete.
class PostfixReader {
 public:
  // Consecutive attribute names without a request: enough for a client to resynchronize.
  static constexpr unsigned kMaxUnexpectedNames = 300;

  // The result of waiting for a list.
  enum class Status : std::uint8_t {
    list,
    // A list that does not begin with the expected name.
    unexpected,
    // The list is incomplete.
    incomplete,
    // The client has disconnected or the time limit is over; see error().
    end,
    // The client violated the protocol: the session ends.
    invalid,
  };
  class Awaiter;

  PostfixReader(Stream& stream, SessionEvents& events, Log& log, const ListenPolicy& policy)
      : stream_{stream}, events_{events}, log_{log}, policy_{policy}, reader_{policy.limits.list} {}

  // Waits for a list that begins with `wanted`. The caller repeats it while the result is
  // `incomplete`, and removes the list by drop_list().
  Awaiter read_list(std::string_view wanted) noexcept;
  // The list that read_list() found, valid until drop_list().
  const AttributeReader& list() const noexcept { return reader_; }
  // The bytes of the list stay valid until the next read_list().
  void drop_list() noexcept;

  // The errno of Status::end, or 0.
  int error() const noexcept { return error_; }

  // A request begins: its time limit starts.
  void start_time_limit() noexcept { deadline_ = after(stream_.loop().now(), policy_.time_limit); }
  Instant deadline() const noexcept { return deadline_; }

 private:
  Status scan_input(std::string_view wanted);
  Watch::Awaiter more_input(std::string_view wanted);
  // A client that has not read its reply is not idle.
  void be_busy() {
    if (std::exchange(idle_, false)) events_.busy();
  }
  Status receive(std::string_view wanted);
  Status handle_end(Flow flow, std::string_view wanted);
  void warn(LogKind kind, std::string_view text) noexcept {
    log_.warn(kind, stream_.loop().now(), "{}", text);
  }

  Stream& stream_;
  SessionEvents& events_;
  Log& log_;
  const ListenPolicy& policy_;
  AttributeReader reader_;
  Instant deadline_ = kNever;
  // Whether the session has reported itself idle to events_.
  bool idle_ = false;
  int error_ = 0;
  unsigned unexpected_names_ = 0;
};

// Awaiter does not suspend if the input already has a list. A session uses it for each message, so
// it is an awaitable and not a coroutine.
class PostfixReader::Awaiter {
 public:
  Awaiter(PostfixReader& reader, std::string_view wanted) noexcept
      : reader_{reader}, wanted_{wanted} {}

  bool await_ready();
  void await_suspend(std::coroutine_handle<> waiting) { wait_->await_suspend(waiting); }
  Status await_resume();

 private:
  PostfixReader& reader_;
  std::string_view wanted_;
  Status status_ = Status::incomplete;
  Flow sent_;
  // Empty if there is nothing to wait for.
  std::optional<Watch::Awaiter> wait_;
};

inline PostfixReader::Awaiter PostfixReader::read_list(std::string_view wanted) noexcept {
  return {*this, wanted};
}

}  // namespace scache::server
