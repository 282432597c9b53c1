#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <scache/result.hpp>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "client/fork_guard.hpp"
#include "client/handover.hpp"
#include "io/inbox.hpp"
#include "io/message.hpp"

namespace scache::client {

// Channel is a stream to the server, with what has come on it and was not consumed yet: bytes, and
// descriptors in their order. One thread at a time.
class Channel {
 public:
  // Descriptors that nobody has claimed; a server sends none that was not asked for.
  static constexpr std::size_t kMaxUnclaimed = 64;

  // Connects. A deadline that has passed is no error as long as the server has room in its backlog.
  Result<void> open(const std::string& path, Instant deadline);
  void close() noexcept { socket_.close(); }
  // -1 where it is not open, or not of this process.
  int descriptor() const noexcept { return socket_.get(); }

  // Never blocks: what has come goes to the inbox; false where nothing has.
  Result<bool> receive();
  // Never blocks: how much was taken, 0 where there is no room. The descriptor, if there is one,
  // goes with the first byte; the caller keeps it.
  Result<std::size_t> send(std::string_view bytes, std::optional<int> descriptor);

  // Waits until more has come.
  Result<void> fill(Instant deadline);
  // Sends all of it, and with the first byte the descriptor that is handed over, if there is one.
  Result<void> send_all(std::string_view bytes, Handover* handover, Instant deadline);

  Inbox& inbox() noexcept { return inbox_; }
  // The oldest descriptor; an empty one where there is none.
  Fd claim() noexcept;
  bool has_leftovers() const noexcept { return !inbox_.empty() || !unclaimed_.empty(); }

  // Whether the two sides agree on where the next message begins. A channel that is not in step is
  // of no use any more. An error in receive() or after the first byte of send() ends it.
  bool in_step() const noexcept { return in_step_; }
  void set_in_step(bool in_step) noexcept { in_step_ = in_step; }

 private:
  Result<void> wait(short events, Instant deadline);
  Error broken(int error);

  Socket socket_;
  Inbox inbox_;
  std::deque<Fd> unclaimed_;
  bool in_step_ = true;
};

// An error of the system: a sentence with its reason.
Error system_error(ErrorCode code, std::string_view what, int error);

}  // namespace scache::client
