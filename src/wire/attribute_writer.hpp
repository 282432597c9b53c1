// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/rooms.hpp"

namespace scache::wire {

// AttributeWriter appends one attribute list to a string.
class AttributeWriter {
 public:
  explicit AttributeWriter(std::string& out) : out_{out} {}

  AttributeWriter& put(std::string_view name, std::string_view value) {
    const std::size_t before = out_.size();
    // resize() fills with NUL, which also terminates the name and the value.
    out_.resize(before + name.size() + value.size() + 2);
    name.copy(out_.data() + before, name.size());
    value.copy(out_.data() + before + name.size() + 1, value.size());
    return *this;
  }
  void end() { out_.push_back('\0'); }

 private:
  std::string& out_;
};

}  // namespace scache::wire
