// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fail.hpp"

namespace scache::bench {

// The counters of a client process, in memory that it shares with bench/crowd.py and the other
// clients. bench/tally.py has the same layout: a header of 64 bytes, and a Tally for each client.
struct Tally {
  std::atomic<std::uint64_t> operations{0};
  // How often the client was started and has stopped again.
  std::atomic<std::uint64_t> stops{0};
  // The durations of the last operations, in nanoseconds.
  std::array<std::atomic<std::uint32_t>, 16'380> times{};

  void add(std::uint64_t nanoseconds) noexcept {
    constexpr std::uint64_t kMost = UINT32_MAX;
    const std::uint64_t count = operations.load(std::memory_order_relaxed);
    times[count % times.size()].store(
        static_cast<std::uint32_t>(nanoseconds < kMost ? nanoseconds : kMost),
        std::memory_order_relaxed);
    operations.store(count + 1, std::memory_order_release);
  }
};
static_assert(sizeof(Tally) == 65'536);

// A client's mapping of the memory.
class SharedTallies {
 public:
  SharedTallies(int descriptor, std::size_t place) {
    const std::size_t size = kHeader + (place + 1) * sizeof(Tally);
    void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (memory == MAP_FAILED) fail("mmap: {}", std::strerror(errno));
    running_ = static_cast<std::atomic<std::uint64_t>*>(memory);
    mine_ = reinterpret_cast<Tally*>(static_cast<std::byte*>(memory) + kHeader) + place;
  }

  bool running() const noexcept { return running_->load(std::memory_order_relaxed) != 0; }
  Tally& mine() const noexcept { return *mine_; }

 private:
  static constexpr std::size_t kHeader = 64;

  std::atomic<std::uint64_t>* running_ = nullptr;
  Tally* mine_ = nullptr;
};

}  // namespace scache::bench
