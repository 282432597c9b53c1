#pragma once

#include <liburing.h>

#include <array>
#include <cstddef>
#include <memory>

#include "io/carrier.hpp"

namespace scache {

// Ring is the Carrier of kernels whose io_uring(7) can wait for epoll (Linux 6.15 and later). To be
// made and used by one thread.
//
// A send never waits in the kernel: it is taken or refused before carry() goes on. Where there is
// but one thing to do, plain system calls are cheaper, and are made.
class Ring final : public Carrier {
 public:
  // What one call carries; more is sent by calls of its own. As many as a turn has events.
  static constexpr unsigned kMostSends = 128;
  static constexpr std::size_t kMostEvents = 128;
  // Descriptors that wait to be closed; more are closed at once. As many clients as gain from it.
  static constexpr std::size_t kMostCloses = 16;

  // From so many sends and closes on, one call is cheaper than plain ones (docs/benchmarks.md).
  static constexpr std::size_t kFewest = 2;

  struct Settings {
    // Descriptors that wait to be closed, kMostCloses at the most.
    std::size_t closes = kMostCloses;
    std::size_t fewest = kFewest;
  };

  // Nothing where the kernel has no such thing, or does not let this process have it. `epoll` is
  // borrowed.
  static std::unique_ptr<Ring> make(int epoll, const Settings& settings) noexcept;
  ~Ring() override;

  void close_soon(Fd fd) noexcept override;
  std::optional<std::span<epoll_event>> carry(OutgoingList& outgoing,
                                              int milliseconds) noexcept override;

 private:
  Ring(int epoll, const Settings& settings) noexcept;

  std::span<epoll_event> do_plainly(OutgoingList& outgoing, int milliseconds) noexcept;
  void queue(OutgoingList& outgoing) noexcept;
  void submit(int milliseconds) noexcept;
  void take_back(unsigned refused) noexcept;
  void settle() noexcept;

  io_uring ring_{};
  bool is_set_up_ = false;
  bool has_failed_ = false;
  int epoll_;
  // The kernel has a request to wait for epoll, which writes the events; it is among those queued.
  bool is_waiting_ = false;
  bool wait_is_queued_ = false;
  std::size_t count_ = 0;
  std::array<epoll_event, kMostEvents> events_;
  // What was queued in this call, in that order.
  OutgoingList under_way_;
  Settings settings_;
  std::size_t closes_ = 0;
  std::array<Fd, kMostCloses> closing_;
};

}  // namespace scache
