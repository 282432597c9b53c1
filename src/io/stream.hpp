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

// How an attempt to move bytes ended.
struct Flow {
  // not_yet: the caller waits, and tries again.
  enum class Kind : std::uint8_t { moved, not_yet, end, timed_out, failed };

  Kind kind = Kind::moved;
  // When it failed: errno.
  int error = 0;

  bool moved() const noexcept { return kind == Kind::moved; }
  bool must_wait() const noexcept { return kind == Kind::not_yet; }
  // The reason as an errno: 0 for the end of the stream.
  int reason() const noexcept;
};

// Stream is one client's UNIX stream socket with what was received and not consumed, and what is
// to be sent. Descriptors that it closes are charged to the client's user. One coroutine at a time.
// Deadlines are the caller's.
//
// What moves bytes does so at once or says not_yet; only waits are awaited. The caller sends the
// output before it waits for input.
class Stream final : private Surplus {
 public:
  // Replies that are kept back, in bytes; more are sent at once, and the client must read them.
  static constexpr std::size_t kMaxBufferedReplies = 65'536;
  // The socket's send buffer, in bytes; the kernel takes twice as much. It bounds what a client
  // leaves unread, whatever that client says: a message with a descriptor takes 768 bytes and more
  // (Linux, 64 bits).
  static constexpr int kSendBuffer = 8'192;
  // So many descriptors are unread at the most: one is usual, and all clients together stay below
  // what the kernel lets a user have in flight (RLIMIT_NOFILE of them).
  static constexpr unsigned kMaxUnreadDescriptors = 24;

  // For receive_input(): as much as there is room for.
  static constexpr std::size_t kAny = ~std::size_t{0};

  // What a system call that moves something is charged.
  static constexpr std::uint64_t kWorkOfCall = 16;

  // What carries a descriptor in Postfix's way.
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

  // What is received and not consumed. Views stay valid until the next readable().
  std::string_view input() const noexcept { return inbox_.bytes(); }
  void consume(std::size_t size) noexcept;
  // Waits until receive_input() has something to tell.
  Watch::Awaiter readable(Instant deadline) noexcept;
  // Receives more input, so many bytes at the most. Fails with EDQUOT when a descriptor comes from
  // a user whose descriptors cannot be closed. Throws std::bad_alloc.
  Flow receive_input(std::size_t most = kAny);
  // The descriptor that came with input and is not claimed yet. Empty without `came` where there is
  // none, and with it where more than one came.
  struct Arrival {
    bool came = false;
    Fd fd;
  };
  Arrival take_descriptor() noexcept;

  // Bytes that have been sent.
  std::uint64_t sent() const noexcept { return sent_; }
  // Where to append what is to be sent.
  std::string& output() noexcept { return output_; }
  bool too_much_output() const noexcept { return output_.size() > kMaxBufferedReplies; }
  // Sends the output; moved when all of it is.
  Flow send_output() noexcept;
  // Waits until more can be sent.
  Watch::Awaiter writable(Instant deadline) noexcept { return watch_.writable(deadline); }
  // Sends the output, however long that takes.
  Task<Flow> flush(Instant deadline);

  // The one byte that carries a descriptor, and the descriptor. Sends the output first. `fd` is
  // empty where the byte came without one, or with more than one.
  struct Descriptor {
    Flow flow;
    Fd fd;
  };
  Task<Descriptor> receive_descriptor(Instant deadline);

  // Sends the output, and then bytes with a copy of `descriptor` on their first. Moved when that
  // has left; what the client does not take of the rest becomes output. Throws std::bad_alloc.
  Flow send_descriptor(int descriptor, std::string_view bytes = kDescriptorByte);

  // Lets the others that are ready have their turn; waits, whatever comes.
  Watch::Awaiter others() noexcept { return watch_.others(); }
  Watch::Awaiter pause(Instant until) noexcept { return watch_.pause(until); }

  // Charges the client for work (Loop::charge); system calls of the stream are charged here.
  void charge(std::uint64_t work) noexcept { watch_.charge(work); }
  // Whether the others are to have their turn.
  bool turn_is_over() const noexcept { return watch_.turn_is_over(); }

  // Whether the client has closed its end, both ways: nobody reads what it would be answered.
  bool has_hung_up() const noexcept;
  // Whether the session waits for the client, and nothing that it has sent is lost if the stream
  // ends now. Where it waits for input, that is so because the client cannot send any more: if it
  // has begun to just then, it is served and finds the end of the stream afterwards.
  bool stop_if_silent() noexcept;
  // From here on the client cannot send; what it has sent can be received.
  void stop_input() noexcept;

  int descriptor() const noexcept { return socket_.fd.get(); }
  uid_t user() const noexcept { return user_; }
  Loop& loop() noexcept { return loop_; }

 private:
  // The socket ends at once for the client; what it holds unread is closed elsewhere.
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
  // Outlives its watch, which knows it by its number.
  Socket socket_;
  Watch watch_;
  Inbox inbox_;
  std::string output_;
  std::uint64_t sent_ = 0;
  // A descriptor that came with input, if one was not lost, and how many bytes of input reach to
  // its byte; 0 where none came.
  Fd pending_;
  std::size_t pending_distance_ = 0;
};

}  // namespace scache::io
