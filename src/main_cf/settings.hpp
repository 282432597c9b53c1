#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/rooms.hpp"

namespace scache::main_cf {

// Settings are names with values as they were written, before `$name` is looked at: what main.cf
// says, what the command line says over it, and defaults as they become known.
class Settings {
 public:
  // The value of `name`, or nothing where nobody has given one. Valid until the next set().
  const std::string* find(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : &found->second;
  }

  // Gives `name` a value; the last one given counts.
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
