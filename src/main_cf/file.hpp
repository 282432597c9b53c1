// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "base/result.hpp"
#include "main_cf/settings.hpp"

namespace scache::main_cf {

// The maximum size of main.cf. Real ones have some kilobytes.
inline constexpr std::size_t kMaxFileBytes = 4 * 1024 * 1024;

struct NameValue {
  std::string name;
  std::string value;
};

// Splits `name = value`, without the white space around both. The value may be empty. The error
// names the missing part.
Result<NameValue> split_name_value(std::string_view text);

// Adds the settings in the text of a main.cf. `path` is for messages only.
Result<void> load_text(std::string_view text, std::string_view path, Settings& settings, Log& log);

// The same for a file. A file that changed within the last second may be incomplete: calls `pause`,
// which should wait for a moment, and reads it again. Without `pause` it reads the file once.
Result<void> load_file(const std::string& path, Settings& settings, Log& log,
                       const std::function<void()>& pause);

}  // namespace scache::main_cf
