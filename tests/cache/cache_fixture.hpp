// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <dirent.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cache/cache.hpp"
#include "cache/recording_observer.hpp"
#include "support/rooms.hpp"

namespace scache::test {

// The number of open descriptors of this process.
inline std::size_t open_descriptors() {
  std::size_t count = 0;
  DIR* directory = ::opendir("/proc/self/fd");
  while (::readdir(directory) != nullptr) ++count;
  ::closedir(directory);
  return count;
}

// Any descriptor, for tests that do not use it.
inline Fd any_descriptor() {
  return Fd{::eventfd(0, EFD_CLOEXEC)};
}

// A descriptor for the cache, and its peer, which notices the close.
struct Line {
  Line() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) == 0) {
      peer.reset(ends[0]);
      kept.reset(ends[1]);
    }
  }
  bool closed() const {
    pollfd state{.fd = peer.get(), .events = 0, .revents = 0};
    return ::poll(&state, 1, 0) == 1 && (state.revents & POLLHUP) != 0;
  }

  Fd peer;
  Fd kept;
};

constexpr Instant at(std::int64_t seconds) {
  return Instant{std::chrono::seconds{seconds}};
}
inline constexpr Duration kTick{1};

// A cache with a recording observer, and short functions for its operations. A test must not change
// the number of open descriptors.
class CacheTest : public testing::Test {
 protected:
  void SetUp() override {
    descriptors_before_ = open_descriptors();
    start({});
  }
  void TearDown() override {
    cache_.reset();
    EXPECT_EQ(open_descriptors(), descriptors_before_);
  }

  // Creates a new cache with these limits.
  void start(const CacheLimits& limits) {
    cache_.emplace(limits);
    cache_->observe(observer_);
  }
  Cache& cache() { return *cache_; }

  SaveOutcome save(std::string_view endpoint, std::string_view properties,
                   Instant deadline = at(1000), std::uint32_t owner = 0) {
    Fd fd = any_descriptor();
    return cache_->save_connection(endpoint, properties, deadline, fd, {.owner = owner});
  }
  SaveOutcome bind(std::string_view destination, std::string_view properties,
                   std::string_view endpoint, Instant deadline = at(1000),
                   std::uint32_t owner = 0) {
    return cache_->save_binding(destination, properties, endpoint, deadline, at(0), owner);
  }
  // Finds and commits. The connection's properties, or "miss".
  std::string take(std::string_view endpoint, Instant now = at(0)) {
    auto claim = cache_->find_endpoint(endpoint, now);
    if (!claim) return "miss";
    std::string properties{claim->record().properties};
    claim->commit();
    return properties;
  }
  // Finds and commits. "BINDING'S PROPERTIES/ENDPOINT/CONNECTION'S PROPERTIES", or "miss".
  std::string take_by(std::string_view destination, Instant now = at(0)) {
    auto hit = cache_->find_destination(destination, now);
    if (!hit) return "miss";
    std::string answer = fmt::format("{}/{}/{}", hit->properties, hit->claim.record().endpoint,
                                     hit->claim.record().properties);
    hit->claim.commit();
    return answer;
  }
  // Removes all entries that have expired at `now`.
  std::size_t expire(Instant now) { return cache_->expire(now, SIZE_MAX); }

  RecordingObserver observer_;

 private:
  std::optional<Cache> cache_;
  std::size_t descriptors_before_ = 0;
};

}  // namespace scache::test
