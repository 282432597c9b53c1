// SPDX-License-Identifier: Apache-2.0
#include "health/watcher.hpp"

#include <cerrno>
#include <cstring>
#include <exception>

#include "base/descriptor_kind.hpp"
#include "io/descriptor.hpp"

namespace scache::health {
namespace {

std::uint64_t key_of(int descriptor, std::uint32_t sequence) noexcept {
  return static_cast<std::uint64_t>(descriptor) << 32 | sequence;
}

}  // namespace

Watcher::Watcher(Loop& loop, Keeper& keeper, Log& log)
    : loop_{loop}, keeper_{keeper}, log_{log}, timer_{loop, [this] { run(); }} {
  loop_.set_event_target(this);
}

Watcher::~Watcher() {
  for (Slot& slot : slots_) release(slot);
  loop_.set_event_target(nullptr);
}

void Watcher::connection_saved(const ConnectionRecord& connection) noexcept {
  begin_quiet(connection);
}
void Watcher::connection_claimed(const ConnectionRecord& connection) noexcept {
  forget(connection);
}
void Watcher::connection_returned(const ConnectionRecord& connection) noexcept {
  begin_quiet(connection);
}
void Watcher::connection_left(const ConnectionRecord& connection, Departure) noexcept {
  forget(connection);
}

void Watcher::begin_quiet(const ConnectionRecord& connection) noexcept {
  // A reader may want the bytes that are left in a pipe.
  if (!is_socket(connection.provenance.kind)) return;
  const auto number = static_cast<std::size_t>(connection.descriptor);
  try {
    if (number >= slots_.size()) slots_.resize(number + 1);
  } catch (const std::exception&) {
    return warn(ENOMEM);
  }
  Slot& slot = slots_[number];
  release(slot);
  slot.place = connection.place;
  slot.due = after(loop_.now(), kQuiet);
  slot.descriptor = connection.descriptor;
  slot.sequence = static_cast<std::uint32_t>(connection.sequence);
  slot.state = State::quiet;
  quiet_.push_back(slot);
  // If a first entry leaves, the timer adjusts when it fires.
  if (slot.due < timer_.deadline()) timer_.set(slot.due);
}

void Watcher::forget(const ConnectionRecord& connection) noexcept {
  const auto number = static_cast<std::size_t>(connection.descriptor);
  if (number < slots_.size()) release(slots_[number]);
}

void Watcher::release(Slot& slot) noexcept {
  switch (slot.state) {
    case State::unused:
      return;
    case State::quiet:
      quiet_.erase(quiet_.iterator_to(slot));
      break;
    case State::signalled:
      signalled_.erase(signalled_.iterator_to(slot));
      [[fallthrough]];
    case State::watched:
      loop_.unwatch(slot.descriptor);
      break;
  }
  slot.state = State::unused;
}

void Watcher::receive_event(std::uint64_t key, std::uint32_t events) noexcept {
  const std::uint64_t number = key >> 32;
  if (number >= slots_.size()) return;
  Slot& slot = slots_[number];
  if (slot.state != State::watched || slot.sequence != static_cast<std::uint32_t>(key)) return;
  slot.sign = (events & kEndEvents) != 0 ? Sign::end : Sign::input;
  slot.state = State::signalled;
  signalled_.push_back(slot);
  timer_.set(loop_.now());
}

void Watcher::run() noexcept {
  begin_watching();
  remove_signalled();
  set_timer();
}

void Watcher::begin_watching() noexcept {
  const Instant now = loop_.now();
  for (std::size_t begun = 0; begun < kBegunOfTurn && !quiet_.empty(); ++begun) {
    Slot& slot = quiet_.front();
    if (slot.due > now) return;
    quiet_.pop_front();
    const int error = loop_.watch_once(slot.descriptor, kInputEvents | kEndEvents,
                                       key_of(slot.descriptor, slot.sequence));
    slot.state = error == 0 ? State::watched : State::unused;
    if (error != 0) warn(error);
  }
}

void Watcher::remove_signalled() noexcept {
  for (std::size_t removed = 0; removed < kRemovedOfTurn && !signalled_.empty(); ++removed) {
    // A removed connection occupies its descriptor until the closer has closed it.
    if (!keeper_.may_remove()) return;
    Slot& slot = signalled_.front();
    // connection_left() releases the slot.
    if (keeper_.remove(slot.place, slot.sign)) continue;
    // Input is allowed. Further input must not be reported, however much it is.
    signalled_.pop_front();
    slot.state = State::watched;
    const int error =
        loop_.watch_again(slot.descriptor, kEndEvents, key_of(slot.descriptor, slot.sequence));
    if (error != 0) warn(error);
  }
}

void Watcher::set_timer() noexcept {
  if (!signalled_.empty()) {
    timer_.set(loop_.now());
  } else {
    timer_.set(quiet_.empty() ? kNever : quiet_.front().due);
  }
}

void Watcher::warn(int error) noexcept {
  log_.warn(LogKind::unwatched, loop_.now(), "cannot watch a cached connection: {}",
            std::strerror(error));
}

}  // namespace scache::health
