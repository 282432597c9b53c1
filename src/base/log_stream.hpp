// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/log_outlet.hpp"
#include "base/rooms.hpp"

namespace scache::base {

// LogStream writes log lines to a descriptor that it borrows, usually standard error. It does not
// change the flags of the open file, which other processes share. It does not allocate memory.
class LogStream final : public LogOutlet {
 public:
  explicit LogStream(int descriptor) noexcept;

  // Returns not_now unless the descriptor is a socket: only a socket has MSG_DONTWAIT.
  Sent try_send(std::string_view& record) noexcept override;
  bool send(std::string_view record) noexcept override;
  bool send_if_ready(std::string_view record) noexcept override;

 private:
  bool is_ready(int patience) const noexcept;

  int descriptor_;
  bool is_socket_;
};

}  // namespace scache::base
