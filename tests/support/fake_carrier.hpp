#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "io/carrier.hpp"

namespace scache::test {

// What a FakeCarrier is told to do, and what it has done.
struct Carried {
  // What becomes of the next sends, one after the other; then they are the system's.
  std::vector<Sent> outcomes;
  // It fails from the next call on.
  bool fails = false;
  std::size_t sends = 0;
  std::size_t calls = 0;
  std::size_t watches = 0;
  // How long each call was told to wait, in milliseconds. It does not wait.
  std::vector<int> waits;
  std::vector<Fd> closing;
};

// FakeCarrier does its work by plain system calls.
class FakeCarrier final : public Carrier {
 public:
  explicit FakeCarrier(Carried& carried) : carried_{carried} {}

  void close_soon(Fd fd) noexcept override { carried_.closing.push_back(std::move(fd)); }

  std::optional<std::uint32_t> watch(int descriptor, std::uint32_t events,
                                     void* whom) noexcept override {
    if (carried_.fails) return std::nullopt;
    ++carried_.watches;
    epoll_event event{};
    event.events = events | EPOLLONESHOT;
    event.data.fd = descriptor;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0) return std::nullopt;
    watched_[descriptor] = whom;
    return static_cast<std::uint32_t>(descriptor);
  }
  void unwatch(std::uint32_t number) noexcept override {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, static_cast<int>(number), nullptr);
    watched_.erase(static_cast<int>(number));
  }
  void for_all_watched(const std::function<void(void* whom)>& tell) const override {
    for (const auto& [descriptor, whom] : watched_) tell(whom);
  }

  std::optional<std::span<epoll_event>> carry(OutgoingList& outgoing,
                                              int milliseconds) noexcept override {
    ++carried_.calls;
    carried_.waits.push_back(milliseconds);
    carried_.closing.clear();
    while (!outgoing.empty()) {
      Outgoing& next = outgoing.front();
      outgoing.pop_front();
      ++carried_.sends;
      if (carried_.outcomes.empty()) {
        next.left(send(next.socket(), next.bytes()));
        continue;
      }
      const Sent outcome = carried_.outcomes.front();
      carried_.outcomes.erase(carried_.outcomes.begin());
      if (outcome.size > 0) send(next.socket(), next.bytes().substr(0, outcome.size));
      next.left(outcome);
    }
    if (carried_.fails) return std::nullopt;
    const int count =
        ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), 0);
    const auto events = std::span{events_}.first(static_cast<std::size_t>(count < 0 ? 0 : count));
    for (epoll_event& event : events) {
      const auto found = watched_.extract(event.data.fd);
      event.data.ptr = found.mapped();
    }
    return events;
  }

 private:
  Fd epoll_{::epoll_create1(EPOLL_CLOEXEC)};
  std::map<int, void*> watched_;
  Carried& carried_;
  std::array<epoll_event, 16> events_;
};

}  // namespace scache::test
