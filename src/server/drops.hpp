// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/rooms.hpp"
#include "cache/cache.hpp"
#include "server/service.hpp"

namespace scache::server {

// Drops are the pending requests of one client to drop many entries. They proceed in slices, in
// turn, so that a large drop does not delay other requests. A drop does not remove entries that are
// saved after its request arrived.
class Drops {
 public:
  // Entries examined in one slice.
  static constexpr std::size_t kEntriesOfSlice = 128;
  // Maximum number of pending drops; further requests wait.
  static constexpr std::size_t kMostUnderWay = 64;

  enum class Of : std::uint8_t {
    // Connections of an endpoint.
    endpoint,
    // Connections and bindings whose name begins with a prefix.
    prefix,
  };
  struct Dropped {
    std::uint64_t request;
    std::uint64_t connections;
    std::uint64_t bindings;
  };

  explicit Drops(Service& service) : service_{service} {}

  bool empty() const noexcept { return under_way_.empty(); }
  bool full() const noexcept { return under_way_.size() >= kMostUnderWay; }
  std::size_t size() const noexcept { return under_way_.size(); }

  void begin(std::uint64_t request, Of of, std::string_view name);
  // Cancels a request; false if no pending request has that id.
  bool cancel(std::uint64_t request) noexcept;
  // Works on a slice of the next drop, and calls `done` if that completes it.
  void work(const std::function<void(const Dropped&)>& done);

 private:
  struct Drop {
    Dropped dropped;
    Of of;
    std::string name;
    Position from;
    // The sequence of the last entry to drop.
    std::uint64_t last;
  };
  // Returns whether the drop is complete.
  bool work_on(Drop& drop);

  Service& service_;
  std::vector<Drop> under_way_;
  // Index of the drop that gets the next slice.
  std::size_t next_ = 0;
};

}  // namespace scache::server
