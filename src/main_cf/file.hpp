#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "base/result.hpp"
#include "main_cf/settings.hpp"

namespace scache::main_cf {

// The largest main.cf that is read. A real one has some kilobytes.
inline constexpr std::size_t kMaxFileBytes = 4 * 1024 * 1024;

struct NameValue {
  std::string name;
  std::string value;
};

// Splits `name = value`. White space around both is dropped; the value may be empty. The error
// says what is missing.
Result<NameValue> split_name_value(std::string_view text);

// Enters every setting of a main.cf's text. `path` is for messages only.
Result<void> load_text(std::string_view text, std::string_view path, Settings& settings, Log& log);

// The same from a file. A file that changed within the last second may be half written: `pause`
// is called, and should take a moment, before it is read again.
Result<void> load_file(const std::string& path, Settings& settings, Log& log,
                       const std::function<void()>& pause);

}  // namespace scache::main_cf
