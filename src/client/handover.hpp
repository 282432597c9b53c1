#pragma once

#include <scache/connection.hpp>
#include <scache/result.hpp>
#include <utility>

namespace scache::client {

// Handover is the descriptor of a save on its way to the server. It is the caller's until it has
// been sent. From then on it is the library's, and closed here, unless the server answers that it
// has not kept it: whoever else may have found the connection must not share it with the caller.
class Handover {
 public:
  // `callers` outlives the Handover.
  explicit Handover(Descriptor& callers) noexcept : callers_{callers} {}
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;
  ~Handover() = default;

  // What is to be sent.
  int descriptor() const noexcept { return callers_.get(); }
  bool is_sent() const noexcept { return static_cast<bool>(sent_); }
  void mark_sent() noexcept { sent_ = std::move(callers_); }

  // The save has failed: gives the descriptor back, or closes it and says so in the error.
  Error settle(Error error);

 private:
  Descriptor& callers_;
  Descriptor sent_;
};

}  // namespace scache::client
