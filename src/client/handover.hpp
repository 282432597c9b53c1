// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <scache/connection.hpp>
#include <scache/result.hpp>
#include <utility>

namespace scache::client {

// Handover owns the descriptor of a save that is under way. The caller owns the descriptor until it
// is sent. Then the library owns it and closes it, unless the server answers that it has not kept
// it: another client may have found the connection, and must not share it with the caller.
class Handover {
 public:
  // `callers` outlives the Handover.
  explicit Handover(Descriptor& callers) noexcept : callers_{callers} {}
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;
  ~Handover() = default;

  // The descriptor to send.
  int descriptor() const noexcept { return callers_.get(); }
  bool is_sent() const noexcept { return static_cast<bool>(sent_); }
  void mark_sent() noexcept { sent_ = std::move(callers_); }

  // Ends a failed save: gives the descriptor back, or closes it and adds that to the error.
  Error settle(Error error);

 private:
  Descriptor& callers_;
  Descriptor sent_;
};

}  // namespace scache::client
