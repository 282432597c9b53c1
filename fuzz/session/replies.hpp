// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "rooms.hpp"
#include "wire/direct_frame.hpp"

namespace scache::fuzz {

// Replies reads what a server says to one client, and accepts nothing that it must not say.
class Replies {
 public:
  explicit Replies(bool greeting_expected) : greeting_expected_{greeting_expected} {}

  void take(std::string_view bytes);
  // A descriptor came with the last byte that was received; `bytes` are all that were.
  void take_with_descriptor(std::string_view bytes);

  // Whether the last list or frame is whole, with its descriptor.
  bool whole() const { return rest_.empty() && descriptors_ == 0; }
  // Of the last page of a list.
  const std::string& cursor() const { return cursor_; }

 private:
  void take_lists();
  void take_list(std::string_view list);
  void take_frames();
  void take_frame(const direct::FrameStep& frame);

  bool greeting_expected_;
  // The server has agreed to the direct protocol.
  bool direct_ = false;
  // The beginning of a list or frame whose end has not come.
  std::string rest_;
  // Hits that were told and whose descriptor has not come.
  bool hit_ = false;
  // Descriptors that came in the direct protocol, and whose frame is not whole.
  unsigned descriptors_ = 0;
  std::string cursor_;
};

}  // namespace scache::fuzz
