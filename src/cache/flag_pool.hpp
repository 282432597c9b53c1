// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>

#include "base/rooms.hpp"

namespace scache::cache {

// FlagPool allocates one-byte flags in pages and frees empty pages. The address of a flag does not
// change. All flags must be given back before the pool is destroyed.
class FlagPool {
  struct Page;

 public:
  // A taken flag.
  struct Flag {
    std::uint8_t* value = nullptr;
    Page* page = nullptr;
  };
  static constexpr std::size_t kFlagsOfPage = 1'024;

  FlagPool() = default;
  ~FlagPool();
  FlagPool(const FlagPool&) = delete;
  FlagPool& operator=(const FlagPool&) = delete;

  // Allocates a flag with the value 0. Throws std::bad_alloc.
  Flag take();
  void give(const Flag& flag) noexcept;

  std::size_t pages() const noexcept { return pages_; }

 private:
  static constexpr std::size_t kWordBits = 64;
  struct Page : boost::intrusive::list_base_hook<> {
    // One bit for each taken flag.
    std::array<std::uint64_t, kFlagsOfPage / kWordBits> taken{};
    std::array<std::uint8_t, kFlagsOfPage> values{};
    std::size_t count = 0;
  };

  // Pages that are not full.
  boost::intrusive::list<Page, boost::intrusive::constant_time_size<false>> with_room_;
  std::size_t pages_ = 0;
};

}  // namespace scache::cache
