#pragma once

#include <string>
#include <string_view>

namespace scache {

// AttributeWriter appends one attribute list to a string.
class AttributeWriter {
 public:
  explicit AttributeWriter(std::string& out) : out_{out} {}

  AttributeWriter& put(std::string_view name, std::string_view value) {
    out_.append(name).push_back('\0');
    out_.append(value).push_back('\0');
    return *this;
  }
  void end() { out_.push_back('\0'); }

 private:
  std::string& out_;
};

}  // namespace scache
