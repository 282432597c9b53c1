// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "io/closer.hpp"
#include "io/inbox.hpp"
#include "io/loop.hpp"
#include "io/message.hpp"
#include "io/task.hpp"
#include "io/watch.hpp"

namespace scache::io {

// The result of a send or a receive.
struct Flow {
  // not_yet: the caller has to wait and to try again.
  enum class Kind : std::uint8_t { moved, not_yet, end, timed_out, failed };

  Kind kind = Kind::moved;
  // The errno, if it failed.
  int error = 0;

  bool moved() const noexcept { return kind == Kind::moved; }
  bool must_wait() const noexcept { return kind == Kind::not_yet; }
  // The reason as an errno: 0 for the end of the stream.
  int reason() const noexcept;
};

// Stream is a client's UNIX stream socket with its buffers of input and output. Descriptors that it
// closes are charged to the client's user. One coroutine at a time. The caller sets the deadlines.
//
// Functions that send or receive do not wait, and return not_yet instead. The caller sends the
// output before it waits for input.
class Stream final : private Surplus {
 public:
  // The maximum size of buffered replies; the session then sends them, and waits for the client to
  // read them.
  static constexpr std::size_t kMaxBufferedReplies = 65'536;
  // The size of the socket's send buffer, which the kernel doubles. It limits the descriptors that
  // a client leaves unread: a message with a descriptor takes at least 768 bytes (Linux, 64 bits).
  static constexpr int kSendBuffer = 8'192;
  // The maximum number of unread descriptors. One is usual, and all clients together stay below the
  // kernel's limit of descriptors in flight of a user (RLIMIT_NOFILE).
  static constexpr unsigned kMaxUnreadDescriptors = 24;

  // For receive_input(): no limit.
  static constexpr std::size_t kAny = ~std::size_t{0};

  // The charge for a system call that sends or receives.
  static constexpr std::uint64_t kWorkOfCall = 16;

  // The byte that carries a descriptor in the Postfix protocol.
  static constexpr std::string_view kDescriptorByte{"\0", 1};

  Stream(Loop& loop, Closer& closer, Fd socket, uid_t user = Closer::kNobody)
      : loop_{loop},
        closer_{closer},
        user_{user},
        socket_{std::move(socket), closer, user},
        watch_{loop, descriptor()} {}
  ~Stream() { drop_pending(); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // The bytes that are received and not consumed. Views stay valid until the next readable().
  std::string_view input() const noexcept { return inbox_.bytes(); }
  void consume(std::size_t size) noexcept;
  // Waits for input, or for the end of the stream.
  Watch::Awaiter readable(Instant deadline) noexcept;
  // Receives at most `most` bytes of input. Fails with EDQUOT if a descriptor comes from a user
  // whose descriptors cannot be closed. Throws std::bad_alloc.
  Flow receive_input(std::size_t most = kAny);
  // The descriptor that came with input and is not claimed yet. `fd` is empty if none came, and if
  // more than one came, for which `came` is true.
  struct Arrival {
    bool came = false;
    Fd fd;
  };
  Arrival take_descriptor() noexcept;

  // The number of bytes that were sent.
  std::uint64_t sent() const noexcept { return sent_; }
  // The buffer of replies; the caller appends to it.
  std::string& output() noexcept { return output_; }
  bool too_much_output() const noexcept { return output_.size() > kMaxBufferedReplies; }
  // Sends the output. Returns `moved` if all of it was sent.
  Flow send_output() noexcept;
  // Waits until more can be sent.
  Watch::Awaiter writable(Instant deadline) noexcept { return watch_.writable(deadline); }
  // Sends all of the output, and waits for the client until the deadline.
  Task<Flow> flush(Instant deadline);

  // Sends the output, and then receives one byte with a descriptor. `fd` is empty if the byte came
  // without a descriptor, or with more than one.
  struct Descriptor {
    Flow flow;
    Fd fd;
  };
  Task<Descriptor> receive_descriptor(Instant deadline);

  // Sends the output, and then `bytes`, the first one with a copy of `descriptor`. Returns `moved`
  // if that byte was sent; the bytes that do not fit become output. Throws std::bad_alloc.
  Flow send_descriptor(int descriptor, std::string_view bytes = kDescriptorByte);

  // others() yields to the other waiters that are ready; pause() waits until a time.
  Watch::Awaiter others() noexcept { return watch_.others(); }
  Watch::Awaiter pause(Instant until) noexcept { return watch_.pause(until); }

  // Charges the client for work (Loop::charge). The stream charges its own system calls.
  void charge(std::uint64_t work) noexcept { watch_.charge(work); }
  // Whether the client has used up its turn.
  bool turn_is_over() const noexcept { return watch_.turn_is_over(); }

  // Whether the client has closed its end in both directions, so that it cannot read a reply.
  bool has_hung_up() const noexcept;
  // Whether the session waits for the client, and the stream can be closed without loss of input.
  // If the session waits for input, this shuts the stream down for input. If input has arrived just
  // before that, returns false: the session serves it, and then finds the end of the stream.
  bool stop_if_silent() noexcept;
  // Shuts the stream down for input. What the client has sent before can still be received.
  void stop_input() noexcept;

  int descriptor() const noexcept { return socket_.fd.get(); }
  uid_t user() const noexcept { return user_; }
  Loop& loop() noexcept { return loop_; }

 private:
  // Its destructor shuts the socket down, and leaves the close to the Closer.
  struct Socket {
    Fd fd;
    Closer& closer;
    uid_t user;

    Socket(Fd taken, Closer& its_closer, uid_t its_user) noexcept;
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket();
  };

  Received receive_some(std::span<char> into) noexcept;
  void close_surplus(Fd fd) noexcept override { closer_.close(std::move(fd), user_); }
  void drop_pending() noexcept;
  bool has_unread_input() const noexcept;

  Loop& loop_;
  Closer& closer_;
  uid_t user_;
  // Declared before watch_, which refers to its number and must be destroyed first.
  Socket socket_;
  Watch watch_;
  Inbox inbox_;
  std::string output_;
  std::uint64_t sent_ = 0;
  // A descriptor that came with input (empty if more than one came), and the number of bytes of
  // input up to its byte; 0 if none came.
  Fd pending_;
  std::size_t pending_distance_ = 0;
};

}  // namespace scache::io
