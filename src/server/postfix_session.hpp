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

// PostfixSession talks to one client in Postfix's way (docs/protocol.md). It ends when the client
// goes, stays silent in the middle of a request for too long, or sends what cannot be followed.
class PostfixSession {
 public:
  // Names that are no request's, one after the other without a request between them: enough for a
  // client to find its way back.
  static constexpr unsigned kMaxStrayNames = 300;

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

  // How it ended: the client has gone or was left, or wishes to talk directly from here on.
  enum class End : std::uint8_t { gone, direct };
  Task<End> run();
  // When it is over: what it saved and could not say so is cached no longer.
  void drop_unconfirmed() noexcept { unconfirmed_.drop(); }

 private:
  using Kind = postfix_codec::Kind;

  // What has come of an attribute list.
  enum class Heard : std::uint8_t {
    list,
    // Another list than the wanted one.
    other,
    // Not the whole of it yet.
    part,
    // The client is gone or has taken too long: reason_ says which.
    nothing,
    // It cannot be followed any more.
    nonsense,
  };
  class Hearing;

  // Awaits a list that begins with `wanted`, for as long as it answers part. The caller drops it
  // with drop_heard().
  Hearing hear(std::string_view wanted) noexcept;
  Heard listen(std::string_view wanted);
  Watch::Awaiter more_input(std::string_view wanted);
  // A client that leaves its reply unread is not between requests.
  void be_busy() {
    if (std::exchange(idle_, false)) events_.busy();
  }
  Heard receive(std::string_view wanted);
  Heard cut_short(Flow flow, std::string_view wanted);
  void drop_heard() noexcept;

  // Answers a request, or returns the exchange that it begins.
  Task<bool> serve();
  Task<bool> answer(Kind kind, const Request& request);
  void answer_wish();
  std::optional<Claim> find(Kind kind, const Request& request);
  void save_destination(const SaveDestination& request);
  // Exchanges. Each answers whether the session goes on.
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
  // Waits between requests, as events_ has been told.
  bool idle_ = false;
  int reason_ = 0;
  unsigned stray_names_ = 0;
  bool is_direct_ = false;
  UnconfirmedSaves unconfirmed_;
};

}  // namespace scache::server
