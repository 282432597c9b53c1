// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/rooms.hpp"
#include "io/stream.hpp"
#include "server/service.hpp"

namespace scache::server {

// A request costs kWorkOfRequest, 1 for each kBytesOfWork bytes, and the work of the cache.
inline constexpr std::uint64_t kWorkOfRequest = 4;
inline constexpr std::size_t kBytesOfWork = 128;

// Charges a client for the work of the cache during the lifetime of this object. The session must
// not suspend meanwhile.
class Charge {
 public:
  Charge(Stream& stream, const Service& service) noexcept
      : stream_{stream}, service_{service}, before_{service.work()} {}
  ~Charge() { stream_.charge(service_.work() - before_); }
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;

 private:
  Stream& stream_;
  const Service& service_;
  std::uint64_t before_;
};

}  // namespace scache::server
