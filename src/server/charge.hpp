#pragma once

#include <cstddef>
#include <cstdint>

#include "base/rooms.hpp"
#include "io/stream.hpp"
#include "server/service.hpp"

namespace scache::server {

// What a request is charged besides what the cache does for it, and for each so many bytes.
inline constexpr std::uint64_t kWorkOfRequest = 4;
inline constexpr std::size_t kBytesOfWork = 128;

// Charges a client for what the cache does during its life. No wait may lie in between.
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
