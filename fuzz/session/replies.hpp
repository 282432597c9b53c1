#pragma once

#include <string>
#include <string_view>

namespace scache::fuzz {

// Replies reads what a server says to one client, and accepts nothing that it must not say.
class Replies {
 public:
  explicit Replies(bool greeting_expected) : greeting_expected_{greeting_expected} {}

  void take(std::string_view bytes);
  // A descriptor came with the last byte that was received; `bytes` are all that were.
  void take_with_descriptor(std::string_view bytes);

  // Whether the last list is whole.
  bool whole() const { return rest_.empty(); }

 private:
  void take_list(std::string_view list);

  bool greeting_expected_;
  // The beginning of a list whose end has not come.
  std::string rest_;
  // Hits that were told and whose descriptor has not come.
  bool hit_ = false;
};

}  // namespace scache::fuzz
