#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>

#include "base/fd.hpp"
#include "io/descriptor.hpp"
#include "io/message.hpp"

namespace scache {

// Closer closes descriptors of clients without ever blocking its caller. close() blocks on a socket
// with a linger time and data on its way; on a file for as long as its file system likes; and on a
// UNIX-domain socket for whatever descriptors somebody has sent into it and nobody has received.
// Such are closed by a thread, which is started when the first of them comes.
class Closer final : public Surplus {
 public:
  // Descriptors that may wait for the thread. While so many do, accepts() answers no, and no more
  // of their kind are to be taken in: a file system that hangs must not eat the descriptor table.
  // Far more than expire at once.
  static constexpr std::size_t kMaxWaiting = 512;
  // When more than so many do, a linger time must not hold them up: until none waits, no close may
  // take longer than a tick. Fewer than Capacity keeps in reserve, unless descriptors are few.
  static constexpr std::size_t kMaxGraceful = 64;
  static constexpr std::chrono::nanoseconds kTick{200'000};

  Closer();
  ~Closer();
  Closer(const Closer&) = delete;
  Closer& operator=(const Closer&) = delete;

  // Closes our copy of what somebody else has too, and may go on using: its settings stay, save a
  // linger time when too many descriptors wait already. The kind is looked up where it is unknown.
  void close_copy(Fd fd, DescriptorKind kind) noexcept;
  void close_copy(Fd fd) noexcept;
  void close_surplus(Fd fd) noexcept override { close_copy(std::move(fd)); }
  // Ends a connection that is ours alone: abruptly, whatever its linger time.
  void close_connection(Fd fd, DescriptorKind kind) noexcept;

  // Ends a client's stream: it is ours alone, what it sends out of band comes in line, and it is
  // shut down.
  void close_client(Fd fd) noexcept;

  // Closes our copy of a connection that was handed over a moment ago: the other copy is on its way
  // or just received, so that ours is not the last and nothing is to be waited for. A client that
  // is quick enough to close its own before that could still make it wait; close_copy() is for
  // connections of clients that are not trusted so far. Files are closed elsewhere all the same.
  void close_handed_over(Fd fd, DescriptorKind kind) noexcept;

  // Whether a descriptor that may block in close() can be taken in; whether this one can.
  bool accepts() const noexcept;
  bool accepts(int descriptor, DescriptorKind kind) const noexcept;

 private:
  struct Shared;

  void close_elsewhere(Fd fd) noexcept;
  void start_thread();

  // Shared with the thread, which outlives the Closer when close() hangs.
  std::shared_ptr<Shared> shared_;
  bool running_ = false;
};

}  // namespace scache
