#include "session/replies.hpp"

#include <array>
#include <cstddef>

#include "require.hpp"
#include "support/messages.hpp"

namespace scache::fuzz {

void Replies::take(std::string_view bytes) {
  rest_ += bytes;
  // A list ends with the empty name: at an even place among the strings.
  std::size_t begin = 0;
  std::size_t at = 0;
  for (std::size_t place = 0;; ++place) {
    const std::size_t end = rest_.find('\0', at);
    if (end == std::string::npos) break;
    const bool empty = end == at;
    at = end + 1;
    if (!empty || place % 2 == 1) continue;
    take_list(std::string_view{rest_}.substr(begin, at - begin));
    begin = at;
    place = static_cast<std::size_t>(-1);
  }
  rest_.erase(0, begin);
}

void Replies::take_with_descriptor(std::string_view bytes) {
  require(bytes.ends_with('\0'), "a descriptor's byte is NUL");
  take(bytes.substr(0, bytes.size() - 1));
  require(whole(), "a descriptor comes between lists");
  require(hit_, "a descriptor comes after a hit");
  hit_ = false;
}

void Replies::take_list(std::string_view list) {
  if (greeting_expected_) {
    require(list == test::kGreeting, "the server greets");
    greeting_expected_ = false;
    return;
  }
  hit_ = false;
  if (list == test::kDummy || list == test::kSaved || list == test::kBad || list == test::kFailed) {
    return;
  }
  for (const std::string_view status : {"1", "2"}) {
    if (list == test::list({"status", status, "property", ""})) return;
    if (list == test::list({"status", status, "property", "", "property", ""})) return;
  }
  // A hit, of one or two properties.
  const std::string head = test::strings({"status", "0", "property"});
  require(list.starts_with(head), "a reply is known");
  list.remove_prefix(head.size());
  list.remove_prefix(list.find('\0') + 1);
  const std::string second = test::strings({"property"});
  if (list.starts_with(second)) {
    list.remove_prefix(second.size());
    list.remove_prefix(list.find('\0') + 1);
  }
  require(list.size() == 1, "a hit has one property or two");
  hit_ = true;
}

}  // namespace scache::fuzz
