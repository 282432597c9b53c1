// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "cargo.hpp"
#include "work.hpp"

namespace scache::bench {

// Way is a blocking client interface: the bare protocol, or a library. It checks the answers; a
// wrong one ends the program.
class Way {
 public:
  Way() = default;
  Way(const Way&) = delete;
  Way& operator=(const Way&) = delete;
  virtual ~Way() = default;

  // By name: codec, libscache, libscache-postfix, s6. `work` must outlive it.
  static std::unique_ptr<Way> named(std::string_view name, const std::string& path, Work& work);

  // Performs one operation, from its first request to its last answer.
  virtual void operate(const Ids& ids, std::span<const Cargo> cargo) = 0;
  // Called when no operation follows for now.
  virtual void rest() {}
};

}  // namespace scache::bench
