// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/log_outlet.hpp"
#include "base/rooms.hpp"

namespace scache::base {

// LogSocket sends records to a UNIX datagram socket: of syslog, or of Postfix's postlogd(8). After
// an error it connects again at each record. Only the constructor allocates memory, so a signal
// handler may send.
class LogSocket final : public LogOutlet {
 public:
  // Connects at once: after chroot(2) the path may not exist.
  explicit LogSocket(std::string path);

  // Whether the socket is connected.
  bool connected() const noexcept { return static_cast<bool>(socket_); }

  Sent try_send(std::string_view& record) noexcept override;
  bool send(std::string_view record) noexcept override;

 private:
  void connect() noexcept;
  Sent send_with(std::string_view record, int flags) noexcept;

  std::string path_;
  Fd socket_;
};

}  // namespace scache::base
