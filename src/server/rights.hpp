// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/rooms.hpp"

namespace scache::server {

// What a client does with names.
enum class Action : std::uint8_t {
  // Saves connections or bindings.
  save,
  find,
  list,
  drop,
  // Reads the statistics. It has no name.
  statistics,
};
inline constexpr unsigned kActions = 5;
// The name of an action in the configuration and in log lines.
std::string_view words_of(Action action) noexcept;

// A set of actions.
class Actions {
 public:
  static constexpr Actions all() noexcept { return Actions{(1U << kActions) - 1}; }
  constexpr Actions() = default;

  constexpr void add(Action action) noexcept { bits_ |= bit(action); }
  constexpr bool has(Action action) const noexcept { return (bits_ & bit(action)) != 0; }
  constexpr bool empty() const noexcept { return bits_ == 0; }

 private:
  explicit constexpr Actions(unsigned bits) noexcept : bits_{bits} {}
  static constexpr unsigned bit(Action action) noexcept {
    return 1U << static_cast<unsigned>(action);
  }

  unsigned bits_ = 0;
};

// Grant lets users, and members of groups, do some actions with the names that match a pattern.
struct Grant {
  std::vector<uid_t> users{};
  std::vector<gid_t> groups{};
  Actions actions = Actions::all();
  // Patterns of endpoints and destinations (base/glob).
  std::vector<std::string> names{"*"};
};

// Rights is what one client may do. It shares its grants with the Access that made it.
class Rights {
 public:
  static Rights all() noexcept {
    Rights rights;
    rights.all_ = true;
    return rights;
  }
  // No rights.
  Rights() = default;

  void add(std::shared_ptr<const Grant> grant) { grants_.push_back(std::move(grant)); }

  bool none() const noexcept { return !all_ && grants_.empty(); }
  // Whether the client may do an action with a name; whether it may do it with any name.
  bool allow(Action action, std::string_view name) const noexcept {
    return all_ || some_allows(action, name);
  }
  bool allow(Action action) const noexcept;

 private:
  bool some_allows(Action action, std::string_view name) const noexcept;

  bool all_ = false;
  std::vector<std::shared_ptr<const Grant>> grants_;
};

}  // namespace scache::server
