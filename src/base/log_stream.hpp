#pragma once

#include <string_view>

namespace scache {

// LogStream writes log lines to a descriptor that it borrows, standard error most likely. Somebody
// who has stopped reading is waited for once, 50 ms at most, and then not until he reads again;
// lines are lost meanwhile. Allocates nothing.
class LogStream {
 public:
  explicit LogStream(int descriptor = -1) noexcept : descriptor_{descriptor} {}

  // Whether there is a descriptor.
  explicit operator bool() const noexcept { return descriptor_ >= 0; }

  // Writes a line, which ends in a newline. False when it is lost.
  bool write(std::string_view line) noexcept;

 private:
  int descriptor_;
  bool patient_ = true;
};

}  // namespace scache
