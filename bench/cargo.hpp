#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace scache::bench {

// What plain SMTP saves, and what TLS saves: one end of a socket pair.
enum class CargoKind : std::uint8_t { tcp, local };

// A connection to save, and how to know it again.
struct Cargo {
  int descriptor = -1;
  std::uint64_t inode = 0;

  bool is_same(int other) const noexcept;
};

// Connections, made when they are first asked for; they stay open, both ends.
class CargoStore {
 public:
  // The first so many of a kind; valid until more are asked for.
  std::span<const Cargo> first(CargoKind kind, std::size_t count);

 private:
  std::vector<Cargo> tcp_;
  std::vector<Cargo> local_;
};

}  // namespace scache::bench
