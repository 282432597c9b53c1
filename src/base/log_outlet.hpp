#pragma once

#include <cstdint>
#include <string_view>

#include "base/rooms.hpp"

namespace scache::base {

// LogOutlet is what a LogWriter writes to: a socket of a logger, standard error.
class LogOutlet {
 public:
  enum class Sent : std::uint8_t { yes, no, not_now };

  virtual ~LogOutlet() = default;

  // Sends what can be sent without waiting, in no case. What is left of `record` where that is not
  // all of it is still to be sent: not_now.
  virtual Sent try_send(std::string_view& record) noexcept = 0;
  // Sends the record, and waits for as long as that takes. False when it is lost.
  virtual bool send(std::string_view record) noexcept = 0;
  // Sends the record where it seems that there is room; for where no thread can be had.
  virtual bool send_if_ready(std::string_view record) noexcept {
    return try_send(record) == Sent::yes;
  }
};

}  // namespace scache::base
