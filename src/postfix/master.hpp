// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/log.hpp"
#include "base/result.hpp"

namespace scache::postfix {

// The descriptors that master(8) passes to its children.
inline constexpr int kFlowReadFd = 3;
inline constexpr int kFlowWriteFd = 4;
inline constexpr int kStatusFd = 5;
inline constexpr int kFirstListenFd = 6;

// The inherited descriptors. The flow pipe is not used, and may be missing.
struct Inherited {
  Fd flow_read;
  Fd flow_write;
  Fd status;
  std::vector<Fd> listeners;
};

// Takes ownership of the inherited descriptors. Makes them close-on-exec, and the listening sockets
// non-blocking. Fails if one is of the wrong kind, and then changes none.
Result<Inherited> adopt_inherited(int listeners);

// Parses GENERATION, an octal number; 0 if it is not set.
Result<unsigned> parse_generation(const std::optional<std::string>& text);

// MasterChannel is the stream to master(8). End of file means that master has ended, or that this
// process has to end.
class MasterChannel {
 public:
  MasterChannel(Fd channel, pid_t pid, unsigned generation) noexcept;

  int descriptor() const noexcept { return channel_.get(); }

  // Reports to master, once, that this process took a request and is available again. If a process
  // ends before that, master counts a failed start and throttles the service for a minute. Call
  // this at every request; it does nothing after the message was sent. Never blocks: if the message
  // does not fit, it is sent at the next request.
  void note_request(Log& log) noexcept {
    if (!sent_) send_status(log);
  }

 private:
  void send_status(Log& log) noexcept;

  Fd channel_;
  pid_t pid_;
  unsigned generation_;
  bool sent_ = false;
};

}  // namespace scache::postfix
