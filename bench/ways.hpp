#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "cargo.hpp"
#include "work.hpp"

namespace scache::bench {

// Way is how a program that blocks talks to a server: by bare bytes or through a library. What
// comes is checked; what is wrong ends the program.
class Way {
 public:
  Way() = default;
  Way(const Way&) = delete;
  Way& operator=(const Way&) = delete;
  virtual ~Way() = default;

  // By name: codec, libscache, libscache-postfix, s6. `work` must outlive it.
  static std::unique_ptr<Way> named(std::string_view name, const std::string& path, Work& work);

  // One operation of the work, from its first request to its last answer.
  virtual void operate(const Ids& ids, std::span<const Cargo> cargo) = 0;
  // Called when no operation follows for now.
  virtual void rest() {}
};

}  // namespace scache::bench
