#include "io/probe.hpp"

#include <poll.h>

#include <array>
#include <utility>

#include "io/descriptor.hpp"

namespace scache {

void Probes::settle() {
  while (!waiting_.empty()) {
    List asked;
    auto end = waiting_.begin();
    for (std::size_t i = 0; i < kProbesOfCall && end != waiting_.end(); ++i) ++end;
    asked.splice(asked.begin(), waiting_, waiting_.begin(), end);
    ask(asked);
    // Whoever is woken may end others, and their probes take themselves off the list.
    while (!asked.empty()) {
      Probe& probe = asked.front();
      asked.pop_front();
      std::exchange(probe.waiting_, nullptr).resume();
    }
  }
}

void Probes::ask(List& probes) noexcept {
  std::array<pollfd, kProbesOfCall> sockets;
  std::size_t count = 0;
  for (const Probe& probe : probes) sockets[count++] = {probe.socket_, POLLRDHUP, 0};
  // Where it fails it changes nothing: no socket is known to be closed.
  ::poll(sockets.data(), count, 0);
  const pollfd* state = sockets.data();
  for (Probe& probe : probes) probe.is_closed_ = says_closed((state++)->revents);
}

}  // namespace scache
