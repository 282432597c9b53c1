#pragma once

#include <liburing.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "io/carrier.hpp"

namespace scache {

// Ring is the Carrier of io_uring(7), where the kernel is one that it is known to work with. To be
// made and used by one thread.
//
// A send never waits in the kernel: it is taken or refused before carry() goes on.
class Ring final : public Carrier {
 public:
  // What one call carries; more is sent by calls of its own. Twice the largest crowd that is
  // measured (docs/benchmarks.md).
  static constexpr unsigned kMostSends = 128;
  // Descriptors that wait to be closed; more are closed at once. As many clients as gain from it.
  static constexpr std::size_t kMostCloses = 16;
  // Descriptors that are watched; with more a ring gives up. The kernel has room for twice as many
  // reports at the most (IORING_MAX_CQ_ENTRIES).
  static constexpr std::size_t kMostWatches = 32'768;

  struct Settings {
    // Descriptors that wait to be closed, kMostCloses at the most.
    std::size_t closes = kMostCloses;
    // Descriptors that are watched, kMostWatches at the most.
    std::size_t watches = 1'024;
  };

  // Nothing where the kernel has no such thing, or does not let this process have it, or where
  // there is no memory for it. `epoll` is borrowed, and after the ring as it was before.
  static std::unique_ptr<Ring> make(int epoll, const Settings& settings) noexcept;
  ~Ring() override;

  void close_soon(Fd fd) noexcept override;
  std::optional<std::uint32_t> watch(int descriptor, std::uint32_t events,
                                     void* whom) noexcept override;
  void unwatch(std::uint32_t number) noexcept override;
  void for_all_watched(const std::function<void(void* whom)>& tell) const override;
  std::optional<std::span<epoll_event>> carry(OutgoingList& outgoing,
                                              int milliseconds) noexcept override;

 private:
  // A descriptor that is watched for somebody, or for nobody any more; or the next place that is
  // free.
  struct Place {
    void* whom = nullptr;
    int descriptor = -1;
    std::uint32_t events = 0;
    std::uint32_t next_free = 0;
    // The kernel does not know of it yet.
    bool is_new = false;
    // Epoll watches it.
    bool is_in_epoll = false;
  };

  Ring(int epoll, const Settings& settings);
  bool set_up() noexcept;

  std::optional<std::uint32_t> take_place(int descriptor, std::uint32_t events,
                                          void* whom) noexcept;
  bool put_into_epoll(std::uint32_t number) noexcept;
  void take_out_of_epoll(std::uint32_t number) noexcept;
  bool queue(OutgoingList& outgoing) noexcept;
  void queue_watches() noexcept;
  void submit(int milliseconds) noexcept;
  void take_back(unsigned refused) noexcept;
  void settle() noexcept;
  void settle_watch(std::uint32_t number, int result) noexcept;
  void settle_epoll() noexcept;
  void report(void* whom, std::uint32_t events) noexcept;
  void set_free(std::uint32_t number) noexcept;

  io_uring ring_{};
  bool is_set_up_ = false;
  bool has_failed_ = false;
  int epoll_;
  // Places that are in epoll, and whether that is watched itself, which is for the ring.
  std::size_t in_epoll_ = 0;
  bool epoll_is_watched_ = false;
  std::vector<Place> places_;
  std::uint32_t first_free_ = 0;
  // Places that the kernel does not know of yet, and how many it is being told of.
  std::vector<std::uint32_t> new_;
  unsigned queued_watches_ = 0;
  // One for each place at the most.
  std::vector<epoll_event> events_;
  // Of these, what the last carry() has found.
  std::size_t count_ = 0;
  // What was queued in this call, in that order.
  OutgoingList under_way_;
  std::size_t most_closes_;
  std::size_t closes_ = 0;
  std::array<Fd, kMostCloses> closing_;
};

}  // namespace scache
