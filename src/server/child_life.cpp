// SPDX-License-Identifier: Apache-2.0
#include "server/child_life.hpp"

namespace scache::server {

void ChildLife::handle_signal(int number) {
  if (signal_) return stop();
  signal_ = number;
  leave();
}

void ChildLife::idle_too_long() {
  if (state_ != State::serving) return;
  state_ = State::resting;
  goodbyes_.start(kGoodbyeTime, [this] { rested(); });
}

void ChildLife::rested() {
  if (server_.clients() == 0) return stop();
  state_ = State::serving;
}

void ChildLife::leave() {
  if (state_ == State::leaving || state_ == State::stopped) return;
  state_ = State::leaving;
  server_.stop_accepting();
  goodbyes_.start(kGoodbyeTime, [this] { stop(); });
}

void ChildLife::stop() noexcept {
  state_ = State::stopped;
  goodbyes_.stop();
  loop_.stop();
}

}  // namespace scache::server
