// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/log.hpp"
#include "io/stream.hpp"
#include "io/task.hpp"
#include "server/caller.hpp"
#include "server/direct_requests.hpp"
#include "server/service.hpp"
#include "server/session.hpp"

namespace scache::server {

// DirectSession serves one client in the direct protocol (docs/protocol.md) after the client has
// requested it. It ends when the client disconnects, exceeds the time limit of a request, or
// violates the protocol.
class DirectSession {
 public:
  DirectSession(Stream& stream, Service& service, SessionEvents& events, Log& log,
                const Caller& caller)
      : stream_{stream},
        service_{service},
        events_{events},
        log_{log},
        policy_{caller.policy},
        requests_{stream, service, log, caller} {}
  ~DirectSession();
  DirectSession(const DirectSession&) = delete;
  DirectSession& operator=(const DirectSession&) = delete;

  Task<> run();

 private:
  // The next step of the session.
  enum class Next : std::uint8_t {
    // Receive more input.
    input,
    // Serve the buffered input after the other clients.
    others,
    // End: the client violated the protocol.
    over,
  };

  Next serve();
  Next serve_frames();
  void send_found();
  void run_steps();
  Flow send();
  Watch::Awaiter more_input();
  // A client that has not read its reply is not idle.
  void be_busy() {
    if (std::exchange(idle_, false)) events_.busy();
  }
  bool receive();
  std::size_t receivable() const noexcept;
  bool take_arrival();
  Next end(std::string_view why);

  Stream& stream_;
  Service& service_;
  SessionEvents& events_;
  Log& log_;
  const ListenPolicy& policy_;
  DirectRequests requests_;
  // The descriptor of the next frame that has one.
  Fd arrived_;
  Instant deadline_ = kNever;
  bool idle_ = false;
  // Sending failed.
  bool is_broken_ = false;
};

}  // namespace scache::server
