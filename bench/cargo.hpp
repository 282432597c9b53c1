// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace scache::bench {

// The descriptor that plain SMTP saves, and that of TLS: one end of a socket pair.
enum class CargoKind : std::uint8_t { tcp, local };

// A connection to save, and its identity.
struct Cargo {
  int descriptor = -1;
  std::uint64_t inode = 0;

  bool is_same(int other) const noexcept;
};

// Connections, created on demand. Both ends stay open.
class CargoStore {
 public:
  // The first connections of a kind; valid until the next call.
  std::span<const Cargo> first(CargoKind kind, std::size_t count);

 private:
  std::vector<Cargo> tcp_;
  std::vector<Cargo> local_;
};

}  // namespace scache::bench
