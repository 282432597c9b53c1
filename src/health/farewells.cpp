// SPDX-License-Identifier: Apache-2.0
#include "health/farewells.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "io/descriptor.hpp"

namespace scache::health {

Farewells::Farewells(Loop& loop, Closer& closer, std::size_t places, Ended ended)
    : loop_{loop}, closer_{closer}, ended_{std::move(ended)} {
  for (std::size_t i = 0; i < places; ++i) free_.push_back(farewells_.emplace_back(*this));
}

std::size_t Farewells::count_of(uid_t user) const noexcept {
  return static_cast<std::size_t>(std::ranges::count(taken_, user, &Farewell::user));
}

Farewells::Farewell* Farewells::giver(uid_t user) noexcept {
  Farewell* oldest = nullptr;
  std::size_t most = count_of(user) + 1;
  // The list is short, and one user mostly has all.
  for (Farewell& each : taken_) {
    if (oldest != nullptr && each.user == oldest->user) continue;
    if (const std::size_t count = count_of(each.user); count > most) {
      most = count;
      oldest = &each;
    }
  }
  return oldest;
}

bool Farewells::may_begin(uid_t user) noexcept {
  return closer_.may_send(user) && (!free_.empty() || giver(user) != nullptr);
}

bool Farewells::begin(Fd& fd, const Goodbye& goodbye, uid_t user) noexcept {
  if (!may_begin(user)) return false;
  Fd copy = duplicate(fd.get());
  if (!copy) return false;
  std::string bytes;
  try {
    bytes = goodbye.bytes;
  } catch (const std::exception&) {
    return false;
  }
  if (free_.empty()) end(*giver(user), End::unanswered);
  Farewell& farewell = free_.front();
  if (loop_.watch(fd.get(), kInputEvents | kEndEvents, farewell) != 0) return false;
  free_.pop_front();
  taken_.push_back(farewell);
  ++count_;
  farewell.fd = std::move(fd);
  farewell.user = user;
  loop_.set_deadline(farewell, after(loop_.now(), goodbye.wait));
  closer_.send_and_close(std::move(copy), std::move(bytes), user);
  return true;
}

void Farewells::end(Farewell& farewell, End how) noexcept {
  // Before the close: another process may have a copy of the descriptor.
  loop_.unwatch(farewell.fd.get(), farewell);
  loop_.set_deadline(farewell, kNever);
  // It may have an event and be displaced in the same turn.
  loop_.forget(farewell);
  taken_.erase(taken_.iterator_to(farewell));
  free_.push_front(farewell);
  --count_;
  closer_.read_and_close(std::move(farewell.fd), farewell.user);
  ended_(how);
}

void Farewells::end_all() noexcept {
  while (!taken_.empty()) end(taken_.front(), End::unanswered);
}

}  // namespace scache::health
