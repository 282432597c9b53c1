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
#include "io/task.hpp"
#include "server/caller.hpp"
#include "server/drops.hpp"
#include "server/service.hpp"
#include "server/session.hpp"
#include "server/unconfirmed_saves.hpp"
#include "wire/direct_request.hpp"

namespace scache::server {

// DirectSession serves one client in the direct protocol (docs/protocol.md) after the client has
// requested it. It ends when the client disconnects, exceeds the time limit of a request, or
// violates the protocol.
class DirectSession {
 public:
  // Maximum number of entries in a page of a list, and of entries examined for it.
  static constexpr std::size_t kEntriesOfPage = 256;
  static constexpr std::size_t kLookedAtForPage = 1'024;
  // Bytes after which a page ends early.
  static constexpr std::size_t kBytesOfPage = 65'536;

  DirectSession(Stream& stream, Service& service, SessionEvents& events, Log& log,
                const Caller& caller)
      : stream_{stream},
        service_{service},
        events_{events},
        log_{log},
        caller_{caller},
        policy_{caller.policy},
        drops_{service},
        unconfirmed_{stream, service} {}
  ~DirectSession();
  DirectSession(const DirectSession&) = delete;
  DirectSession& operator=(const DirectSession&) = delete;

  Task<> run();

 private:
  // The parameters of a find.
  struct Wanted {
    std::uint64_t request;
    Service::Lookup by;
    // Refers to the input.
    std::string_view name;
  };
  // A found connection whose frame has not been sent yet.
  struct HandOver {
    Wanted wanted;
    Claim claim;
  };
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
  void serve_frame(const direct::FrameStep& frame);
  void work_on_drops();
  Flow send();
  void send_found();
  Watch::Awaiter more_input();
  // A client that has not read its reply is not idle.
  void be_busy() {
    if (std::exchange(idle_, false)) events_.busy();
  }
  bool receive();
  std::size_t receivable() const noexcept;
  bool take_arrival();
  Next end(std::string_view why);

  void answer(std::uint64_t id, const direct::Save& save, Fd fd);
  void answer(std::uint64_t id, const FindEndpoint& find);
  void answer(std::uint64_t id, const FindDestination& find);
  void answer(std::uint64_t id, const direct::Bind& bind);
  void answer(std::uint64_t id, const direct::Drop& drop);
  void answer(std::uint64_t id, const direct::List& list);
  void answer(std::uint64_t id, const direct::Statistics& statistics);
  void answer(std::uint64_t id, const direct::Ping& ping);
  void answer(std::uint64_t id, const direct::Cancel& cancel);

  void look_up(const Wanted& wanted);
  void hand_over(const Wanted& wanted, Claim claim,
                 std::optional<std::string_view> destination_properties);
  void put_dropped(std::uint64_t id, std::uint64_t connections, std::uint64_t bindings);
  void refuse(std::uint64_t id, direct::ErrorCode code, std::string_view text);
  // The time at the start of the loop's turn.
  Instant now() const noexcept { return stream_.loop().now(); }

  Stream& stream_;
  Service& service_;
  SessionEvents& events_;
  Log& log_;
  const Caller& caller_;
  const ListenPolicy& policy_;
  Drops drops_;
  // The descriptor of the next frame that has one.
  Fd arrived_;
  std::optional<HandOver> hand_over_;
  // The frame of hand_over_.
  std::string found_;
  Instant deadline_ = kNever;
  bool idle_ = false;
  // Sending failed.
  bool is_broken_ = false;
  UnconfirmedSaves unconfirmed_;
};

}  // namespace scache::server
