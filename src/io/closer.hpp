// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "io/answers.hpp"

namespace scache::io {

// Closer closes the streams of clients and the descriptors from them in threads, because a client
// can make close(2) block. The threads also send and read what comes before a close. It charges
// each descriptor to a user, so that a user whose descriptors cannot be closed does not affect
// other users. One thread calls it.
class Closer {
 public:
  // The maximum number of threads stuck in close() for one user; beyond it the user is refused. The
  // descriptors of an ordinary client never block.
  static constexpr unsigned kStuckOfUser = 32;
  // The maximum number of threads, enough for four such users.
  static constexpr std::size_t kMaxThreads = 128;
  // The maximum number of descriptors without a thread to close them, before the server accepts no
  // more. More than the backlog of a listening socket, whose clients cannot be refused earlier.
  static constexpr std::size_t kMaxUnclosed = 600;
  // While more descriptors wait than kMaxBehind, the loop waits for the threads, at most kCatchUp
  // in a turn. Fewer than Capacity keeps in reserve.
  static constexpr std::size_t kMaxBehind = 64;
  static constexpr std::chrono::milliseconds kCatchUp{2};
  // The maximum number of waiting descriptors of one user, before the server stops receiving from
  // that user. A slow close, such as that of a packet socket, must not fill the descriptor table.
  static constexpr std::size_t kMaxWaitingOfUser = 1'024;
  // The maximum number of threads that work at once if one is too slow.
  static constexpr std::size_t kMaxWorkers = 16;
  // The maximum number of bytes that are read before a close: a goodbye's answer is a line or two.
  static constexpr std::size_t kMaxAnswer = std::size_t{64} << 10;
  // The interval of the signals that interrupt a close(), for example in a linger time.
  static constexpr std::chrono::nanoseconds kTick{200'000};

  // The account of descriptors that belong to no user.
  static constexpr uid_t kNobody = static_cast<uid_t>(-1);

  // Runs a function in a new thread, or throws.
  using StartThread = void (*)(std::function<void()> body);
  static void start_detached(std::function<void()> body);

  // If no thread can be started, close() closes on the caller's thread.
  explicit Closer(std::size_t most_threads = kMaxThreads, StartThread start = &start_detached);
  // Waits for a limited time until all descriptors are closed that can be.
  ~Closer();
  Closer(const Closer&) = delete;
  Closer& operator=(const Closer&) = delete;

  // For a process with few descriptors: lowers kMaxBehind. While more wait, must_wait() is true for
  // every user. Call this before close().
  void set_most_behind(std::size_t most) noexcept;

  // Closes a descriptor that a client of this user has sent.
  void close(Fd fd, uid_t user) noexcept;
  // Sends bytes on a socket that a client has sent, once and without waiting for room, and closes
  // this descriptor of it. Both are done in a thread: send(2) takes locks that a client can hold.
  // Only closes if the user has a stuck thread, or if no thread can be started.
  void send_and_close(Fd copy, std::string bytes, uid_t user) noexcept;
  // Reads what has arrived at a socket, at most kMaxAnswer bytes, and closes it: a TCP socket with
  // unread input would reset the connection. Only closes in the same cases.
  void read_and_close(Fd fd, uid_t user) noexcept;
  // Sends a request in the same way, but not to a socket with unread input, which would be taken
  // for the answer. Puts into `answers` whether it was sent; nothing if it only closes.
  void request_and_close(Fd copy, std::string bytes, uid_t user, std::shared_ptr<Answers> answers,
                         std::uint64_t key) noexcept;
  // Reads as read_and_close() does, puts what it has read into `answers`, and closes this
  // descriptor of the socket. Puts nothing if it only closes.
  void receive_and_close(Fd copy, uid_t user, std::shared_ptr<Answers> answers,
                         std::uint64_t key) noexcept;
  // Closes a client's stream that is shut down. If it has no unread input, it is charged to
  // kNobody: no descriptor in it can make its close block.
  void close_client(Fd fd, uid_t user) noexcept;

  // Whether to stop receiving from a user until some of its descriptors are closed; whether to
  // receive from the user at all; whether to stop receiving from all users.
  bool must_wait(uid_t user) const noexcept;
  bool accepts(uid_t user) const noexcept;
  // Whether to send and receive on sockets of a user: not while is_behind(), which is so in
  // particular while descriptors are short, nor without threads, nor for a user with a stuck one.
  bool may_send(uid_t user) const noexcept;
  bool is_full() const noexcept;

  // Whether more than kMaxBehind descriptors, or those of set_most_behind(), wait; whether none is
  // left except those that are stuck.
  bool is_behind() const noexcept;
  bool is_idle() const noexcept;
  // Waits until is_behind() is false, at most kCatchUp. Returns whether look() has to be called.
  bool catch_up() noexcept;

  // The interval of look().
  static constexpr std::chrono::milliseconds kLookEvery{50};
  // Finds threads that work on the same descriptor as at the last call, and starts a replacement.
  // Returns the users who have more such threads than before. Throws std::bad_alloc.
  struct Stuck {
    uid_t user;
    unsigned closes;
  };
  std::vector<Stuck> look();
  // Whether a descriptor was closed on the caller's thread, because no thread could be started.
  bool lacks_threads() const noexcept { return lacks_threads_; }

 private:
  struct Job;
  struct Worker;
  struct Shared;

  using WorkerPlace = std::list<Worker>::iterator;

  void add(Job added) noexcept;
  // What comes before the close.
  static void run(const Job& job) noexcept;
  static void work(const std::shared_ptr<Shared>& shared, WorkerPlace self) noexcept;
  bool add_worker() noexcept;

  // Shared with the threads, which outlive the Closer if a close() blocks.
  std::shared_ptr<Shared> shared_;
  std::size_t most_threads_;
  std::size_t most_behind_ = kMaxBehind;
  StartThread start_;
  bool lacks_threads_ = false;
};

}  // namespace scache::io
