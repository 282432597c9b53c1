#pragma once

#include <string_view>

#include "base/log_outlet.hpp"
#include "base/rooms.hpp"

namespace scache::base {

// LogStream writes log lines to a descriptor that it borrows, standard error most likely. It leaves
// the descriptor's flags alone, since others have the same open file. Allocates nothing.
class LogStream final : public LogOutlet {
 public:
  explicit LogStream(int descriptor) noexcept;

  // Only a socket can be asked not to wait: the others answer not_now.
  Sent try_send(std::string_view& record) noexcept override;
  bool send(std::string_view record) noexcept override;
  bool send_if_ready(std::string_view record) noexcept override;

 private:
  bool is_ready(int patience) const noexcept;

  int descriptor_;
  bool is_socket_;
};

}  // namespace scache::base
