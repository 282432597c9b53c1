#pragma once

#include <string>
#include <string_view>

#include "base/fd.hpp"

namespace scache {

// LogSocket sends records to a logger that listens on a UNIX datagram socket: syslog's, or that of
// Postfix's own logger.
//
// A logger that is slow is waited for, 50 ms at most; once it has made a record wait in vain, no
// record waits until one has got through, so that a logger that stands still costs the server
// 50 ms and not its life. A logger that has gone away is looked for again at each record. After
// the constructor nothing allocates memory: a signal handler may send.
class LogSocket {
 public:
  LogSocket() = default;
  // Connects at once, since the path may be out of reach later, after chroot(2).
  explicit LogSocket(std::string path);

  // Whether there is a logger, as far as is known.
  bool connected() const noexcept { return static_cast<bool>(socket_); }

  // Sends one record. False when it is lost.
  bool send(std::string_view record) noexcept;

 private:
  void connect() noexcept;
  bool send_once(std::string_view record) noexcept;
  bool wait_for_room() noexcept;

  std::string path_;
  Fd socket_;
  bool patient_ = true;
};

}  // namespace scache
