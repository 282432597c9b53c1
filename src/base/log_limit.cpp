// SPDX-License-Identifier: Apache-2.0
#include "base/log_limit.hpp"

#include <algorithm>
#include <utility>

namespace scache::base {

std::string_view LogLimit::name(LogKind kind) noexcept {
  switch (kind) {
    case LogKind::malformed:
      return "malformed requests";
    case LogKind::unfinished:
      return "unfinished requests";
    case LogKind::transfer:
      return "descriptors not received or sent";
    case LogKind::refused:
      return "refused requests";
    case LogKind::unread:
      return "connections saved with unread input";
    case LogKind::access:
      return "clients and requests denied";
    case LogKind::session:
      return "sessions ended or not begun";
    case LogKind::shortage:
      return "clients not accepted";
    case LogKind::probe:
      return "failed probes";
    case LogKind::unwatched:
      break;
  }
  return "connections not watched";
}

bool LogLimit::admits(LogKind kind, Instant now) noexcept {
  State& state = states_[static_cast<std::size_t>(kind)];
  // A count that is not reported yet keeps its period.
  if (now >= state.end && state.left_out == 0) state = {.end = after(now, period(kind))};
  if (state.written < most(kind)) {
    ++state.written;
    return true;
  }
  ++state.left_out;
  next_due_ = std::min(next_due_, state.end);
  return false;
}

LogLimit::LeftOut LogLimit::take_due(Instant now) noexcept {
  if (now < next_due_) return {};
  LeftOut taken;
  const auto due = std::ranges::find_if(
      states_, [now](const State& state) { return state.left_out > 0 && state.end <= now; });
  if (due != states_.end()) {
    taken = {static_cast<LogKind>(due - states_.begin()), due->left_out};
    *due = {};
  }
  find_next_due();
  return taken;
}

void LogLimit::find_next_due() noexcept {
  next_due_ = kNever;
  for (const State& state : states_) {
    if (state.left_out > 0) next_due_ = std::min(next_due_, state.end);
  }
}

}  // namespace scache::base
