// SPDX-License-Identifier: Apache-2.0
#include "server/last_goodbyes.hpp"

#include <algorithm>
#include <utility>

namespace scache::server {

void LastGoodbyes::start(Duration limit, std::function<void()> done) {
  done_ = std::move(done);
  limit_ = after(loop_.now(), limit);
  run();
}

void LastGoodbyes::stop() noexcept {
  timer_.set(kNever);
  service_.end_goodbyes();
  done_ = {};
}

void LastGoodbyes::run() {
  const Instant now = loop_.now();
  if (!service_.says_goodbye() || now >= limit_) return finish();
  const std::size_t most = std::min(kRemovedOfTurn, service_.room_for_goodbyes());
  if (!service_.is_closing()) service_.expire(kNever, most);
  const bool is_empty = service_.next_deadline() == kNever;
  if (is_empty && !service_.is_saying_goodbye()) return finish();
  const bool continues = !is_empty && most > 0;
  timer_.set(continues ? now : std::min(after(now, kInterval), limit_));
}

void LastGoodbyes::finish() {
  const auto done = std::move(done_);
  stop();
  done();
}

}  // namespace scache::server
