#include "base/log_stream.hpp"

#include <poll.h>
#include <unistd.h>

namespace scache {
namespace {

constexpr int kPatienceMilliseconds = 50;

}  // namespace

bool LogStream::write(std::string_view line) noexcept {
  // A pipe that is ready takes a line without blocking.
  pollfd waiting{.fd = descriptor_, .events = POLLOUT, .revents = 0};
  patient_ = ::poll(&waiting, 1, patient_ ? kPatienceMilliseconds : 0) > 0;
  return patient_ && ::write(descriptor_, line.data(), line.size()) >= 0;
}

}  // namespace scache
