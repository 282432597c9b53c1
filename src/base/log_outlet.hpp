// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "base/rooms.hpp"

namespace scache::base {

// LogOutlet is the destination of a LogWriter: the socket of a logger, or standard error.
class LogOutlet {
 public:
  enum class Sent : std::uint8_t { yes, no, not_now };

  virtual ~LogOutlet() = default;

  // Sends as much as possible without waiting. If a rest is left in `record`, returns not_now.
  virtual Sent try_send(std::string_view& record) noexcept = 0;
  // Sends the record, without a time limit. Returns false if it is lost.
  virtual bool send(std::string_view record) noexcept = 0;
  // Sends the record if poll() reports room. Used if the process cannot have threads.
  virtual bool send_if_ready(std::string_view record) noexcept {
    return try_send(record) == Sent::yes;
  }
};

}  // namespace scache::base
