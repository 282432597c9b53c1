// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/rooms.hpp"

namespace scache::main_cf {

// Settings maps names to unexpanded values: of main.cf, of the command line, which overrides
// main.cf, and defaults.
class Settings {
 public:
  // The value of `name`, or null. Valid until the next set().
  const std::string* find(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : &found->second;
  }

  // Sets the value of `name`.
  void set(std::string_view name, std::string value) {
    if (const auto found = values_.find(name); found != values_.end()) {
      found->second = std::move(value);
    } else {
      values_.emplace(name, std::move(value));
    }
  }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace scache::main_cf
