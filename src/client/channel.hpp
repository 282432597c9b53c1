// SPDX-License-Identifier: Apache-2.0
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

// Channel is a stream to the server, with the bytes and the descriptors that have arrived on it and
// are not consumed yet. One thread at a time.
class Channel {
 public:
  // The maximum number of unclaimed descriptors.
  static constexpr std::size_t kMaxUnclaimed = 64;

  // Connects. Succeeds after the deadline, too, if the server's backlog has room.
  Result<void> open(const std::string& path, Instant deadline);
  void close() noexcept { socket_.close(); }
  // -1 if the channel is not open, or belongs to another process.
  int descriptor() const noexcept { return socket_.get(); }

  // Reserves a descriptor number before a request whose reply may bring a descriptor. If it fails
  // (no_descriptors), the caller must not send the request: the connection found would be lost.
  Result<void> expect_descriptor();
  // A reply has arrived without a descriptor.
  void expect_one_less() noexcept;

  // Receives into the inbox; never blocks. Returns false if nothing has arrived, or if the process
  // has no free number for the descriptor that comes next: the message then stays in the socket.
  Result<bool> receive() { return receive(WhenEmpty::answer); }
  // Sends as much as fits; never blocks. Returns the number of bytes, 0 if the socket is full. The
  // first byte carries a copy of the descriptor, if there is one.
  Result<std::size_t> send(std::string_view bytes, std::optional<int> descriptor);

  // Waits until more bytes have arrived.
  Result<void> fill(Instant deadline);
  // Sends all bytes. The first one carries the descriptor of `handover`, if that is not null.
  Result<void> send_all(std::string_view bytes, Handover* handover, Instant deadline);

  Inbox& inbox() noexcept { return inbox_; }
  // The oldest unclaimed descriptor; empty if there is none.
  Fd claim() noexcept;
  bool has_leftovers() const noexcept { return !inbox_.empty() || !unclaimed_.empty(); }

  // Whether both sides agree on where the next message begins. A channel that is out of step cannot
  // be used any more; an error in receive(), or after the first byte of send(), makes it so.
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
  // How many descriptors are expected, and the sockets that reserve numbers for them. The first
  // one stays between requests; the others serve pipelined requests.
  std::size_t expected_ = 0;
  ProcessFd place_;
  std::vector<Fd> more_places_;
  bool has_no_room_ = false;
  bool in_step_ = true;
};

// `what`, followed by the text of the errno.
Error system_error(ErrorCode code, std::string_view what, int error);

}  // namespace scache::client
