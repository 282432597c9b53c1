#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/log.hpp"
#include "base/result.hpp"

namespace scache::postfix {

// The descriptors that master(8) leaves to its children.
inline constexpr int kFlowReadFd = 3;
inline constexpr int kFlowWriteFd = 4;
inline constexpr int kStatusFd = 5;
inline constexpr int kFirstListenFd = 6;

// What a child of master(8) inherits. The flow pipe is never used, and may be missing.
struct Inherited {
  Fd flow_read;
  Fd flow_write;
  Fd status;
  std::vector<Fd> listeners;
};

// Takes the inherited descriptors into possession: close-on-exec, the listening sockets
// non-blocking. An error when one is not what it should be; then all of them stay untouched.
Result<Inherited> adopt_inherited(int listeners);

// The number in GENERATION, octal; 0 when it is not given.
Result<unsigned> parse_generation(const std::optional<std::string>& text);

// MasterChannel is the stream to master(8). Its end of file says that master is gone or wants this
// process to go.
class MasterChannel {
 public:
  MasterChannel(Fd channel, pid_t pid, unsigned generation) noexcept;

  int descriptor() const noexcept { return channel_.get(); }

  // Tells master, once, that this process took a request and is free again: a process that ends
  // before that counts as a failed start, and the service stops for a minute. Call it at every
  // request; it does nothing once the message is out. Never blocks: what does not fit now is sent
  // at the next request.
  void note_request(Log& log) noexcept {
    if (!told_) tell(log);
  }

 private:
  void tell(Log& log) noexcept;

  Fd channel_;
  pid_t pid_;
  unsigned generation_;
  bool told_ = false;
};

}  // namespace scache::postfix
