// SPDX-License-Identifier: Apache-2.0
#include "faults/visitor.hpp"

#include "faults/faults.hpp"
#include "support/rooms.hpp"

namespace scache::test {
namespace {

// Connections that end too soon before a visitor waits for better times.
constexpr unsigned kTries = 2;

bool fault_lasts() {
  return faults.fault.nth > 0 && faults.fault.lasts == Lasts::from_then_on;
}

}  // namespace

struct Visitor::Until {
  Visitor& visitor;
  std::function<bool()> condition;

  bool await_ready() {
    visitor.read();
    return condition();
  }
  void await_suspend(std::coroutine_handle<> waiting) {
    visitor.condition_ = std::move(condition);
    visitor.waiting_ = waiting;
  }
  void await_resume() {}
};

bool Visitor::go_on() {
  if (!task_) {
    task_.emplace(work());
    task_->start();
    return true;
  }
  if (!waiting_) return false;
  // What was read makes room for more.
  const bool news = read();
  if (!condition_()) return news;
  std::exchange(waiting_, nullptr).resume();
  return true;
}

bool Visitor::read() {
  if (!client_) return false;
  const std::string bytes = client_->read();
  bytes_ += bytes;
  ended_ = ended_ || client_->sees_end();
  return !bytes.empty();
}

Task<> Visitor::work() {
  for (const Request& request : errands_) {
    for (unsigned tries = 0;; ++tries) {
      bool there = client_ != nullptr;
      if (!there) there = co_await arrive();
      bool done = false;
      if (there) {
        Task<bool> running = request(*this);
        done = co_await running;
      }
      if (done) break;
      ++interruptions;
      client_.reset();
      if (tries >= kTries) {
        Until better{*this, [&, lasting = fault_lasts(), then = clock_()] {
                       return lasting ? !fault_lasts() : clock_() > then;
                     }};
        co_await better;
      }
    }
  }
  client_.reset();
}

Task<bool> Visitor::arrive() {
  bytes_.clear();
  ended_ = false;
  direct_ = false;
  client_ = std::make_unique<SocketClient>(connect_());
  const std::optional<std::string> greeting = co_await list();
  if (greeting) {
    EXPECT_EQ(*greeting, kGreeting);
  }
  co_return greeting.has_value();
}

std::size_t Visitor::list_size() const {
  for (std::size_t at = 0;;) {
    const std::size_t end = bytes_.find('\0', at);
    if (end == std::string::npos) return 0;
    if (end == at) return end + 1;
    const std::size_t value_end = bytes_.find('\0', end + 1);
    if (value_end == std::string::npos) return 0;
    at = value_end + 1;
  }
}

Task<std::optional<std::string>> Visitor::list() {
  Until there{*this, [this] { return ended_ || list_size() > 0; }};
  co_await there;
  const std::size_t size = list_size();
  if (size == 0) co_return std::nullopt;
  std::string list = bytes_.substr(0, size);
  bytes_.erase(0, size);
  co_return list;
}

Task<bool> Visitor::agree() {
  // The request before may have left.
  bool there = client_ != nullptr;
  if (!there) there = co_await arrive();
  if (!there || direct_) co_return there;
  send(wish());
  const std::optional<std::string> answer = co_await list();
  if (!answer) co_return false;
  EXPECT_EQ(*answer, agreement());
  direct_ = true;
  co_return true;
}

Task<std::optional<Visitor::Frame>> Visitor::frame() {
  std::optional<Reply> reply;
  Until there{*this, [&] {
                if (!reply) reply = take_reply(bytes_);
                return ended_ || reply.has_value();
              }};
  co_await there;
  auto& descriptors = client_->descriptors();
  if (!reply) {
    // A descriptor comes with the first byte of its frame; the rest never will.
    for (const Fd& fd : descriptors) ledger.take(fd);
    descriptors.clear();
    co_return std::nullopt;
  }
  Frame frame{std::move(*reply), Fd{}};
  if (frame.reply.with_descriptor && !descriptors.empty()) {
    frame.fd = std::move(descriptors.front());
    descriptors.erase(descriptors.begin());
  }
  EXPECT_EQ(frame.reply.with_descriptor, static_cast<bool>(frame.fd));
  co_return frame;
}

Task<Fd> Visitor::receive() {
  Until there{*this, [this] { return ended_ || !bytes_.empty(); }};
  co_await there;
  if (bytes_.empty()) co_return Fd{};
  EXPECT_EQ(bytes_, kByte);
  bytes_.clear();
  auto& descriptors = client_->descriptors();
  EXPECT_EQ(descriptors.size(), 1U) << "the byte came without a descriptor";
  Fd fd = descriptors.empty() ? Fd{} : std::move(descriptors.front());
  descriptors.clear();
  co_return fd;
}

Task<bool> Visitor::ended() {
  Until end{*this, [this] { return ended_; }};
  co_await end;
  co_return true;
}

}  // namespace scache::test
