// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/log.hpp"
#include "io/stream.hpp"
#include "io/task.hpp"
#include "server/caller.hpp"
#include "server/drops.hpp"
#include "server/service.hpp"
#include "server/unconfirmed_saves.hpp"
#include "server/under_way.hpp"
#include "wire/direct_request.hpp"

namespace scache::server {

// DirectRequests executes the requests of one client of the direct protocol, and appends the
// replies to the output of its stream. It does not wait.
class DirectRequests {
 public:
  // Maximum number of entries in a page of a list, and of entries examined for it.
  static constexpr std::size_t kEntriesOfPage = 256;
  static constexpr std::size_t kLookedAtForPage = 1'024;
  // Bytes after which a page ends early.
  static constexpr std::size_t kBytesOfPage = 65'536;

  DirectRequests(Stream& stream, Service& service, Log& log, const Caller& caller)
      : stream_{stream},
        service_{service},
        log_{log},
        caller_{caller},
        unconfirmed_{stream, service} {}
  DirectRequests(const DirectRequests&) = delete;
  DirectRequests& operator=(const DirectRequests&) = delete;

  // Executes the request of a frame, or refuses it. `fd` is the frame's descriptor, if any.
  void serve(const direct::FrameStep& frame, Fd fd);
  // Reports a frame that cannot be read.
  void refuse_frame(std::uint64_t id);

  // The requests whose answers take time.
  const UnderWay& under_way() const noexcept { return under_way_; }
  // Executes a step of the next one.
  void run_step();

  // Whether a found connection waits to be sent. Its frame has a message of its own.
  bool has_found() const noexcept { return found_.has_value(); }
  // Sends the found connection, and the output before it.
  Flow send_found();

 private:
  // A found connection whose frame has not been sent yet.
  struct Found {
    std::uint64_t request;
    Service::Lookup by;
    Claim claim;
  };

  void answer(std::uint64_t id, const direct::Save& save, Fd fd);
  void answer(std::uint64_t id, const FindEndpoint& find);
  void answer(std::uint64_t id, const FindDestination& find);
  void answer(std::uint64_t id, const direct::Bind& bind);
  void answer(std::uint64_t id, const direct::Drop& drop);
  void answer(std::uint64_t id, const direct::List& list);
  void answer(std::uint64_t id, const direct::Statistics& statistics);
  void answer(std::uint64_t id, const direct::Ping& ping);
  void answer(std::uint64_t id, const direct::Cancel& cancel);

  void hand_over(std::uint64_t id, Service::Lookup by, Claim claim,
                 std::optional<std::string_view> destination_properties);
  Task<> answer_drop(std::uint64_t id, Task<Dropped> drop);
  void put_dropped(std::uint64_t id, const Dropped& dropped);
  void answer_missing(std::uint64_t id, NotFound why);
  void deny(std::uint64_t id);
  void refuse(std::uint64_t id, direct::ErrorCode code, std::string_view text);
  // The time at the start of the loop's turn.
  Instant now() const noexcept { return stream_.loop().now(); }

  Stream& stream_;
  Service& service_;
  Log& log_;
  const Caller& caller_;
  UnconfirmedSaves unconfirmed_;
  std::optional<Found> found_;
  // The frame of found_.
  std::string found_frame_;
  // Last: its requests use the members above.
  UnderWay under_way_;
};

}  // namespace scache::server
