#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "io/stream.hpp"
#include "io/task.hpp"
#include "server/service.hpp"
#include "server/session.hpp"
#include "server/unconfirmed_saves.hpp"
#include "wire/attribute_reader.hpp"
#include "wire/postfix_codec.hpp"

namespace scache::server {

// PostfixSession serves one client in the Postfix protocol (docs/protocol.md). It ends when the
// client disconnects, exceeds the time limit of a request, or violates the protocol.
class PostfixSession {
 public:
  // Consecutive attribute names without a request: enough for a client to resynchronize.
  static constexpr unsigned kMaxUnexpectedNames = 300;

  // `owner` is the client's user id.
  PostfixSession(Stream& stream, Service& service, SessionEvents& events, Log& log,
                 const SessionSettings& settings, std::uint32_t owner)
      : stream_{stream},
        service_{service},
        events_{events},
        log_{log},
        settings_{settings},
        owner_{owner},
        reader_{settings.limits.list},
        unconfirmed_{stream, service} {}

  // Why run() returned: the session has ended, or the client continues in the direct protocol.
  enum class End : std::uint8_t { gone, direct };
  Task<End> run();
  // At the end of the session: drops the saved connections whose replies were not sent.
  void drop_unconfirmed() noexcept { unconfirmed_.drop(); }

 private:
  using Kind = postfix_codec::Kind;

  // The result of waiting for an attribute list.
  enum class ListStatus : std::uint8_t {
    list,
    // A list that does not begin with the expected name.
    unexpected,
    // The list is incomplete.
    incomplete,
    // The client has disconnected or the time limit is over; reason_ has the errno.
    end,
    // The client violated the protocol: the session ends.
    invalid,
  };
  class ListReader;

  // Waits for a list that begins with `wanted`; the caller repeats it while the result is
  // `incomplete`, and removes the list by drop_list().
  ListReader read_list(std::string_view wanted) noexcept;
  ListStatus scan_input(std::string_view wanted);
  Watch::Awaiter more_input(std::string_view wanted);
  // A client that has not read its reply is not idle.
  void be_busy() {
    if (std::exchange(idle_, false)) events_.busy();
  }
  ListStatus receive(std::string_view wanted);
  ListStatus handle_end(Flow flow, std::string_view wanted);
  void drop_list() noexcept;

  // Answers a request, or returns the exchange that it starts.
  Task<bool> serve();
  Task<bool> answer(Kind kind, const Request& request);
  void answer_wish();
  std::optional<Claim> find(Kind kind, const Request& request);
  void save_destination(const SaveDestination& request);
  // Exchanges. Each returns whether the session continues.
  Task<bool> save_endpoint(SaveEndpoint request);
  Task<bool> hand_over(Kind kind, Claim claim);

  void refuse(Kind kind, std::string_view why);
  void warn(LogKind kind, std::string_view text) noexcept {
    log_.warn(kind, stream_.loop().now(), "{}", text);
  }
  void warn_of_descriptor(Kind kind, std::string_view what, int error);

  Stream& stream_;
  Service& service_;
  SessionEvents& events_;
  Log& log_;
  const SessionSettings& settings_;
  std::uint32_t owner_;
  AttributeReader reader_;
  Instant deadline_ = kNever;
  // Whether the session has reported itself idle to events_.
  bool idle_ = false;
  int reason_ = 0;
  unsigned unexpected_names_ = 0;
  bool is_direct_ = false;
  UnconfirmedSaves unconfirmed_;
};

}  // namespace scache::server
