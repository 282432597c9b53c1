#pragma once

#include <boost/intrusive/list.hpp>
#include <coroutine>
#include <cstddef>

namespace scache {

// Whether the peer of a socket has closed its side, or the connection is over. All coroutines that
// await a Probe in the same turn of the loop share one system call: before the next wait the loop
// settles its Probes. A Probe that is destroyed asks no more. The socket is borrowed. One thread.
class Probe : public boost::intrusive::list_base_hook<
                  boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  Probe(class Probes& probes, int socket) noexcept : probes_{probes}, socket_{socket} {}
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) noexcept;
  // True when it has.
  bool await_resume() const noexcept { return is_closed_; }

 private:
  friend class Probes;

  Probes& probes_;
  int socket_;
  bool is_closed_ = false;
  std::coroutine_handle<> waiting_;
};

// Probes are those of one loop.
class Probes {
 public:
  // Sockets that one system call asks at the most: as many as a turn has events.
  static constexpr std::size_t kProbesOfCall = 128;

  // Asks for all that are awaited, and for those that are awaited in the course of that; what it
  // wakes may throw.
  void settle();

 private:
  friend class Probe;
  using List = boost::intrusive::list<Probe, boost::intrusive::constant_time_size<false>>;

  static void ask(List& probes) noexcept;

  List waiting_;
};

inline void Probe::await_suspend(std::coroutine_handle<> waiting) noexcept {
  waiting_ = waiting;
  probes_.waiting_.push_back(*this);
}

}  // namespace scache
