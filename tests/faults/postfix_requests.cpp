// SPDX-License-Identifier: Apache-2.0
#include "faults/postfix_requests.hpp"

#include <sys/eventfd.h>

#include <optional>
#include <utility>

#include "support/rooms.hpp"

namespace scache::test {
namespace {

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

// What came of a lookup: the properties of a hit; without, whether it was answered at all.
struct Looked {
  bool answered = false;
  std::optional<std::string> properties;
};

// The part of a lookup before its hit.
Task<Looked> look_up(Visitor& visitor, std::string endpoint) {
  const Ledger::Certain before = visitor.ledger.certain_at(endpoint);
  visitor.send(find_endp(endpoint));
  const std::optional<std::string> reply = co_await visitor.list();
  Looked looked{reply.has_value(), {}};
  if (reply && *reply == kNoEndpoint) {
    visitor.ledger.missed(before);
  } else if (reply) {
    looked.properties = properties_of(*reply).at(0);
  }
  co_return looked;
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

Visitor::Request save(std::string endpoint, std::string ttl, std::size_t size) {
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

Visitor::Request bind(std::string destination, std::string endpoint) {
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

Visitor::Request find(std::string endpoint, std::string then) {
  return [=](Visitor& visitor) -> Task<bool> {
    Task<Looked> look = look_up(visitor, endpoint);
    const Looked found = co_await look;
    if (!found.properties) co_return found.answered;
    Task<bool> rest = take(visitor, *found.properties, then);
    co_return co_await rest;
  };
}

Visitor::Request find_by_destination(std::string destination) {
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

Visitor::Request ask(std::string requests, std::vector<std::string> answers) {
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

Visitor::Request find_and_talk_nonsense(std::string endpoint) {
  return [=](Visitor& visitor) -> Task<bool> {
    Task<Looked> look = look_up(visitor, endpoint);
    const Looked found = co_await look;
    if (!found.properties) co_return found.answered;
    const std::size_t item = visitor.ledger.claim(*found.properties);
    visitor.send(list({"nonsense", ""}) + find_endp("nothing"));
    const std::optional<std::string> reply = co_await visitor.list();
    visitor.ledger.take(item, Fd{});
    if (!reply) co_return false;
    EXPECT_EQ(*reply, kNoEndpoint);
    co_return true;
  };
}

Visitor::Request save_two(std::string endpoint) {
  return [=](Visitor& visitor) -> Task<bool> {
    const Ends ends = pipe_pair();
    const Fd file{::eventfd(0, EFD_CLOEXEC)};
    Task<bool> refused = save_wrongly(visitor, endpoint, {ends.first.get(), file.get()});
    co_return co_await refused;
  };
}

Visitor::Request save_itself(std::string endpoint) {
  return [=](Visitor& visitor) -> Task<bool> {
    Task<bool> refused = save_wrongly(visitor, endpoint, {visitor.descriptor()});
    co_return co_await refused;
  };
}

Visitor::Request leave_after(std::string bytes) {
  return [=](Visitor& visitor) -> Task<bool> {
    visitor.send(bytes);
    visitor.leave();
    co_return true;
  };
}

Visitor::Request stall_after(std::string bytes) {
  return [=](Visitor& visitor) -> Task<bool> {
    visitor.send(bytes);
    const bool ended = co_await visitor.ended();
    visitor.leave();
    co_return ended;
  };
}

Visitor::Request find_and_stall(std::string endpoint) {
  return [=](Visitor& visitor) -> Task<bool> {
    Task<Looked> look = look_up(visitor, endpoint);
    const Looked found = co_await look;
    if (!found.properties) co_return found.answered;
    const std::size_t item = visitor.ledger.claim(*found.properties);
    const bool ended = co_await visitor.ended();
    visitor.ledger.take(item, Fd{});
    visitor.leave();
    co_return ended;
  };
}

}  // namespace scache::test
