#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "base/fd.hpp"

namespace scache::io {

// Closer closes descriptors that came from clients, and clients' own streams, in threads: close(2)
// may wait for as long as a client likes. It charges each to a user, so that a user whose
// descriptors cannot be closed stops nobody else. One thread calls it.
class Closer {
 public:
  // Threads that may be stuck in closing one user's descriptors; that user is refused then. No
  // ordinary client has a single one.
  static constexpr unsigned kStuckOfUser = 32;
  // All threads: of four such users.
  static constexpr std::size_t kMaxThreads = 128;
  // Descriptors that nobody closes, for want of threads, before the server takes in no more.
  // More than the backlog of a listening socket: its clients cannot be refused before.
  static constexpr std::size_t kMaxUnclosed = 600;
  // While more than so many wait, the loop waits for the threads: fewer than Capacity keeps in
  // reserve. It waits no longer than this in a turn.
  static constexpr std::size_t kMaxBehind = 64;
  static constexpr std::chrono::milliseconds kCatchUp{2};
  // Descriptors of one user that wait; while so many do, no more are received from that user. A
  // close that takes its time, such as a packet socket's, must not fill the descriptor table.
  static constexpr std::size_t kMaxWaitingOfUser = 1'024;
  // Threads that work at once where one does not keep up.
  static constexpr std::size_t kMaxWorkers = 16;
  // No close may wait for longer than this for what a signal can interrupt: a linger time.
  static constexpr std::chrono::nanoseconds kTick{200'000};

  // Who is charged with what is nobody's.
  static constexpr uid_t kNobody = static_cast<uid_t>(-1);

  // Runs a function in a thread of its own, or throws.
  using StartThread = void (*)(std::function<void()> body);
  static void start_detached(std::function<void()> body);

  // So many threads at the most. Where none can be had, everything is closed by the caller.
  explicit Closer(std::size_t most_threads = kMaxThreads, StartThread start = &start_detached);
  // Waits a moment for what can be closed.
  ~Closer();
  Closer(const Closer&) = delete;
  Closer& operator=(const Closer&) = delete;

  // Closes what a user's client has sent.
  void close(Fd fd, uid_t user) noexcept;
  // Closes a client's stream that is shut down. With nothing unread in it, it is nobody's: closing
  // it waits for no descriptor that was sent into it.
  void close_client(Fd fd, uid_t user) noexcept;

  // Whether more of a user's descriptors may be taken in, and when: not before others are closed,
  // or not at all. Whether anybody's may.
  bool must_wait(uid_t user) const noexcept;
  bool accepts(uid_t user) const noexcept;
  bool is_full() const noexcept;

  // Whether more wait than should. Whether nothing is left to close but what is stuck.
  bool is_behind() const noexcept;
  bool is_idle() const noexcept;
  // Waits for that to change. Answers whether look() has something to look at.
  bool catch_up() noexcept;

  // How often to look while there is something to look at.
  static constexpr std::chrono::milliseconds kLookEvery{50};
  // Looks for threads that have been in the same close() since the last look, and starts another in
  // their place. Answers the users who have more such threads than before. Throws std::bad_alloc.
  struct Stuck {
    uid_t user;
    unsigned closes;
  };
  std::vector<Stuck> look();
  // A descriptor was closed by the caller, since there is no thread.
  bool lacks_threads() const noexcept { return lacks_threads_; }

 private:
  struct Job;
  struct Worker;
  struct Shared;

  using WorkerPlace = std::list<Worker>::iterator;

  static void work(const std::shared_ptr<Shared>& shared, WorkerPlace self) noexcept;
  bool add_worker() noexcept;

  // Shared with the threads, which outlive the Closer where close() does not end.
  std::shared_ptr<Shared> shared_;
  std::size_t most_threads_;
  StartThread start_;
  bool lacks_threads_ = false;
};

}  // namespace scache::io
