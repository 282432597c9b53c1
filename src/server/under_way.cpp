// SPDX-License-Identifier: Apache-2.0
#include "server/under_way.hpp"

#include <algorithm>

namespace scache::server {

bool UnderWay::cancel(std::uint64_t id) noexcept {
  const auto found =
      std::ranges::find_if(requests_, [id](const Request& request) { return request.id == id; });
  if (found == requests_.end()) return false;
  if (found == next_) ++next_;
  requests_.erase(found);
  return true;
}

void UnderWay::run_step() {
  if (requests_.empty()) return;
  if (next_ == requests_.end()) next_ = requests_.begin();
  const auto current = next_++;
  if (const std::coroutine_handle<> step = std::exchange(current->step, {})) {
    step.resume();
  } else {
    current->task.start();
  }
  current->step = std::exchange(suspended_, {});
  if (!current->task.done()) return;
  Task<> finished = std::move(current->task);
  requests_.erase(current);
  finished.result();
}

}  // namespace scache::server
