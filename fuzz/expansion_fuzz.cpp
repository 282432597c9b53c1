// SPDX-License-Identifier: Apache-2.0
// The `$name` of main.cf. The first line of an input is what is expanded, each further one gives a
// name its value: `name=value`.
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "main_cf/expand.hpp"
#include "require.hpp"
#include "silent_log.hpp"
#include "target.hpp"

namespace scache::fuzz {
namespace {

// Values that name one another are read a million times before the limit is reached. That costs the
// fuzzer's time and shows nothing new: after so many nobody knows a name.
constexpr int kMostLookups = 10'000;

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

// The same text with every `$` standing for itself.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) result.append(c == '$' ? 2 : 1, c);
  return result;
}

void run(std::string_view input) {
  const std::string_view text = take_line(input);
  std::map<std::string, std::string, std::less<>> values;
  while (!input.empty()) {
    const std::string_view line = take_line(input);
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    values.insert_or_assign(std::string{line.substr(0, equals)},
                            std::string{line.substr(equals + 1)});
  }
  int lookups = 0;
  const main_cf::Lookup lookup = [&](std::string_view name) -> const std::string* {
    const auto found = ++lookups > kMostLookups ? values.end() : values.find(name);
    return found == values.end() ? nullptr : &found->second;
  };

  SilentLog log;
  const auto result = main_cf::expand(text, lookup, log);
  if (result) {
    require(result->size() <= main_cf::kMaxExpandedBytes, "a result has a limit");
    require(log.lines == 0, "what is well expanded is worth no warning");
    if (!text.contains('$')) require(*result == text, "a text without references stays");
  } else {
    require(!result.error().text.empty(), "an error has a text");
  }

  const auto same = main_cf::expand(escaped(text), lookup, log);
  require(same && *same == text, "what is escaped stays");
}

}  // namespace
}  // namespace scache::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  scache::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
