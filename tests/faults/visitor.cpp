#include "faults/visitor.hpp"

#include <sys/eventfd.h>

#include "faults/faults.hpp"

namespace scache::test {
namespace {

// Connections that end at once while a fault lasts, before a visitor waits for better times.
constexpr unsigned kTries = 2;

bool fault_lasts() {
  return faults.fault.nth > 0 && faults.fault.lasts == Lasts::from_then_on;
}

// The texts of an attribute list's values named `property`.
std::vector<std::string> properties_of(const std::string& list) {
  std::vector<std::string> strings;
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = list.find('\0', at);
    strings.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  std::vector<std::string> properties;
  for (std::size_t i = 0; i + 1 < strings.size(); i += 2) {
    if (strings[i] == "property") properties.push_back(strings[i + 1]);
  }
  return properties;
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
  for (const Errand& errand : errands_) {
    for (unsigned tries = 0;; ++tries) {
      bool there = client_ != nullptr;
      if (!there) there = co_await arrive();
      bool done = false;
      if (there) {
        Task<bool> running = errand(*this);
        done = co_await running;
      }
      if (done) break;
      ++interruptions;
      client_.reset();
      if (fault_lasts() && tries >= kTries) {
        Until better{*this, [] { return !fault_lasts(); }};
        co_await better;
      }
    }
  }
  client_.reset();
}

Task<bool> Visitor::arrive() {
  bytes_.clear();
  ended_ = false;
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

namespace {

// The part of a lookup after a hit: the descriptor of the item that was named.
Task<bool> take(Visitor& visitor, std::string properties, std::string then) {
  const std::size_t item = visitor.ledger.claim(properties);
  visitor.send(kDummy);
  const Fd fd = co_await visitor.receive();
  visitor.ledger.take(item, fd);
  if (!fd) co_return false;
  if (then.empty()) {
    visitor.send(kDummy);
    co_return true;
  }
  visitor.send(kDummy + find_endp(then));
  const std::optional<std::string> reply = co_await visitor.list();
  if (reply) {
    EXPECT_EQ(*reply, kNoEndpoint);
  }
  co_return reply.has_value();
}

// A save whose descriptors are refused.
Task<bool> save_wrongly(Visitor& visitor, std::string endpoint, std::vector<int> descriptors) {
  visitor.send(save_endp(endpoint, "wrong"));
  std::optional<std::string> reply = co_await visitor.list();
  if (!reply) co_return false;
  visitor.send(kByte, descriptors);
  reply = co_await visitor.list();
  if (reply) {
    EXPECT_EQ(*reply, kFailed);
  }
  co_return reply.has_value();
}

}  // namespace

Visitor::Errand save(std::string endpoint, std::string ttl, std::size_t size) {
  return [=](Visitor& visitor) -> Task<bool> {
    Fd fd = visitor.ledger.make(endpoint, size);
    const std::size_t item = visitor.ledger.last();
    visitor.send(save_endp(endpoint, visitor.ledger.at(item).properties, ttl));
    std::optional<std::string> reply = co_await visitor.list();
    if (!reply) co_return false;
    EXPECT_EQ(*reply, kDummy);
    visitor.send(kByte, {fd.get()});
    fd.reset();
    visitor.ledger.at(item).state = Saved::State::unsure;
    reply = co_await visitor.list();
    if (!reply) co_return false;
    if (*reply == kSaved) {
      visitor.ledger.at(item).state = Saved::State::kept;
    } else {
      EXPECT_EQ(*reply, kFailed);
      visitor.ledger.at(item).state = Saved::State::refused;
      ++visitor.refusals;
    }
    co_return true;
  };
}

Visitor::Errand bind(std::string destination, std::string endpoint) {
  return [=](Visitor& visitor) -> Task<bool> {
    const std::string properties = "of " + destination;
    visitor.send(save_dest(destination, properties, endpoint));
    const std::optional<std::string> reply = co_await visitor.list();
    visitor.ledger.bind(destination, properties, endpoint, reply.has_value());
    if (reply) {
      EXPECT_EQ(*reply, kSaved);
    }
    co_return reply.has_value();
  };
}

Visitor::Errand find(std::string endpoint, std::string then) {
  return [=](Visitor& visitor) -> Task<bool> {
    const Ledger::Certain before = visitor.ledger.certain_at(endpoint);
    visitor.send(find_endp(endpoint));
    const std::optional<std::string> reply = co_await visitor.list();
    if (!reply) co_return false;
    if (*reply == kNoEndpoint) {
      visitor.ledger.missed(before);
      co_return true;
    }
    Task<bool> rest = take(visitor, properties_of(*reply).at(0), then);
    co_return co_await rest;
  };
}

Visitor::Errand find_by_destination(std::string destination) {
  return [=](Visitor& visitor) -> Task<bool> {
    const Ledger::Certain before = visitor.ledger.certain_for(destination);
    visitor.send(find_dest(destination));
    const std::optional<std::string> reply = co_await visitor.list();
    if (!reply) co_return false;
    if (*reply == kNoDestination) {
      visitor.ledger.missed(before);
      co_return true;
    }
    EXPECT_EQ(properties_of(*reply).at(0), "of " + destination);
    Task<bool> rest = take(visitor, properties_of(*reply).at(1), {});
    co_return co_await rest;
  };
}

Visitor::Errand ask(std::string requests, std::vector<std::string> answers) {
  return [=](Visitor& visitor) -> Task<bool> {
    visitor.send(requests);
    for (const std::string& answer : answers) {
      const std::optional<std::string> reply = co_await visitor.list();
      if (!reply) co_return false;
      EXPECT_EQ(*reply, answer);
    }
    co_return true;
  };
}

Visitor::Errand find_and_talk_nonsense(std::string endpoint) {
  return [=](Visitor& visitor) -> Task<bool> {
    const Ledger::Certain before = visitor.ledger.certain_at(endpoint);
    visitor.send(find_endp(endpoint));
    std::optional<std::string> reply = co_await visitor.list();
    if (!reply) co_return false;
    if (*reply == kNoEndpoint) {
      visitor.ledger.missed(before);
      co_return true;
    }
    const std::size_t item = visitor.ledger.claim(properties_of(*reply).at(0));
    visitor.send(list({"nonsense", ""}) + find_endp("nothing"));
    reply = co_await visitor.list();
    visitor.ledger.take(item, Fd{});
    if (!reply) co_return false;
    EXPECT_EQ(*reply, kNoEndpoint);
    co_return true;
  };
}

Visitor::Errand save_two(std::string endpoint) {
  return [=](Visitor& visitor) -> Task<bool> {
    const Ends ends = pipe_pair();
    // What nobody knows how to close without waiting is the thread's.
    const Fd file{::eventfd(0, EFD_CLOEXEC)};
    Task<bool> refused = save_wrongly(visitor, endpoint, {ends.first.get(), file.get()});
    co_return co_await refused;
  };
}

Visitor::Errand save_itself(std::string endpoint) {
  return [=](Visitor& visitor) -> Task<bool> {
    Task<bool> refused = save_wrongly(visitor, endpoint, {visitor.descriptor()});
    co_return co_await refused;
  };
}

Visitor::Errand leave_after(std::string bytes) {
  return [=](Visitor& visitor) -> Task<bool> {
    visitor.send(bytes);
    visitor.leave();
    co_return true;
  };
}

Visitor::Errand stall_after(std::string bytes) {
  return [=](Visitor& visitor) -> Task<bool> {
    visitor.send(bytes);
    const bool ended = co_await visitor.ended();
    visitor.leave();
    co_return ended;
  };
}

Visitor::Errand find_and_stall(std::string endpoint) {
  return [=](Visitor& visitor) -> Task<bool> {
    const Ledger::Certain before = visitor.ledger.certain_at(endpoint);
    visitor.send(find_endp(endpoint));
    const std::optional<std::string> reply = co_await visitor.list();
    if (!reply) co_return false;
    if (*reply == kNoEndpoint) {
      visitor.ledger.missed(before);
      co_return true;
    }
    const std::size_t item = visitor.ledger.claim(properties_of(*reply).at(0));
    const bool ended = co_await visitor.ended();
    visitor.ledger.take(item, Fd{});
    visitor.leave();
    co_return ended;
  };
}

}  // namespace scache::test
