#pragma once

#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/log_outlet.hpp"
#include "base/rooms.hpp"

namespace scache::base {

// LogSocket sends records to a logger that listens on a UNIX datagram socket: syslog's, or that of
// Postfix's own logger. A logger that has gone away is looked for again at each record. After the
// constructor nothing allocates memory: a signal handler may send.
class LogSocket final : public LogOutlet {
 public:
  // Connects at once, since the path may be out of reach later, after chroot(2).
  explicit LogSocket(std::string path);

  // Whether there is a logger, as far as is known.
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
