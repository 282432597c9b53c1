#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <scache/result.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "client/fork_guard.hpp"
#include "client/handover.hpp"
#include "client/socket.hpp"
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

  // Says that a request is going to be sent whose answer may bring a descriptor, and keeps a number
  // free for it. Without one it fails (no_descriptors), and the request must not be sent: what it
  // would have found were lost.
  Result<void> expect_descriptor();
  // An answer has come without one.
  void expect_one_less() noexcept;

  // Never blocks: what has come goes to the inbox; false where nothing has, or where other threads
  // have left no number for the descriptor: then it stays where it is until they do.
  Result<bool> receive() { return receive(WhenEmpty::answer); }
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
  Result<bool> receive(WhenEmpty when_empty);
  Received take(WhenEmpty when_empty);
  Result<void> wait(short events, Instant deadline);
  Result<void> wait_for_room(Instant deadline);
  Error broken(int error);

  Socket socket_;
  Inbox inbox_;
  std::deque<Fd> unclaimed_;
  // How many descriptors are expected, and what keeps numbers free for them: the first place is
  // kept from one request to the next, and the others are of a program that has several under way.
  std::size_t expected_ = 0;
  ProcessFd place_;
  std::vector<Fd> more_places_;
  bool has_no_room_ = false;
  bool in_step_ = true;
};

// An error of the system: a sentence with its reason.
Error system_error(ErrorCode code, std::string_view what, int error);

}  // namespace scache::client
