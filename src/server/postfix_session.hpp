// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "io/stream.hpp"
#include "io/task.hpp"
#include "server/caller.hpp"
#include "server/postfix_reader.hpp"
#include "server/service.hpp"
#include "server/session.hpp"
#include "server/unconfirmed_saves.hpp"
#include "wire/postfix_codec.hpp"

namespace scache::server {

// PostfixSession serves one client in the Postfix protocol (docs/protocol.md). It ends when the
// client disconnects, exceeds the time limit of a request, or violates the protocol.
class PostfixSession {
 public:
  PostfixSession(Stream& stream, Service& service, SessionEvents& events, Log& log,
                 const Caller& caller)
      : stream_{stream},
        service_{service},
        events_{events},
        log_{log},
        caller_{caller},
        policy_{caller.policy},
        reader_{stream, events, log, policy_},
        unconfirmed_{stream, service} {}

  // Why run() returned: the session has ended, or the client continues in the direct protocol.
  enum class End : std::uint8_t { gone, direct };
  Task<End> run();
  // At the end of the session: drops the saved connections whose replies were not sent.
  void drop_unconfirmed() noexcept { unconfirmed_.drop(); }

 private:
  using Kind = postfix_codec::Kind;

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
  const Caller& caller_;
  const ListenPolicy& policy_;
  PostfixReader reader_;
  bool is_direct_ = false;
  UnconfirmedSaves unconfirmed_;
};

}  // namespace scache::server
