// SPDX-License-Identifier: Apache-2.0
#include "faults/direct_requests.hpp"

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "support/rooms.hpp"

namespace scache::test {
namespace {

using direct::ErrorCode;
using direct::Kind;
using direct::Tag;
using std::chrono::milliseconds;

// How often a lookup is repeated that was answered `busy`.
constexpr unsigned kTries = 3;
constexpr std::uint64_t kTtl = 100'000;

Visitor::Request directly(Visitor::Request request) {
  return [=](Visitor& visitor) -> Task<bool> {
    Task<bool> agreeing = visitor.agree();
    const bool agreed = co_await agreeing;
    if (!agreed) co_return false;
    Task<bool> running = request(visitor);
    co_return co_await running;
  };
}

// The one reply to some bytes, and whether the request goes on with it.
Task<std::optional<Visitor::Frame>> ask(Visitor& visitor, std::string bytes, Kind wanted) {
  visitor.send(bytes);
  std::optional<Visitor::Frame> frame = co_await visitor.frame();
  if (frame) {
    EXPECT_EQ(frame->reply.kind, wanted);
  }
  co_return frame;
}

// Whether a lookup is over: not where the kernel had too many descriptors on their way. `before` is
// what was there to be found.
bool note_found(Visitor& visitor, const Visitor::Frame& frame, const Ledger::Certain& before) {
  const Reply& reply = frame.reply;
  if (reply.kind == Kind::error) {
    EXPECT_EQ(reply.code(), ErrorCode::busy);
    return false;
  }
  EXPECT_EQ(reply.kind, Kind::found);
  if (!reply.with_descriptor) {
    visitor.ledger.missed(before);
    return true;
  }
  const std::size_t item = visitor.ledger.claim(reply.text(Tag::endpoint_properties));
  EXPECT_EQ(reply.text(Tag::endpoint), visitor.ledger.at(item).endpoint);
  visitor.ledger.take(item, frame.fd);
  return true;
}

// Lookups of what `before` tells, all at once; answers whether there was an end of it.
Task<bool> find_all(Visitor& visitor, std::vector<std::string> lookups,
                    std::function<Ledger::Certain()> before, std::string destination) {
  for (unsigned tries = 0; tries <= kTries && !lookups.empty(); ++tries) {
    std::string bytes;
    for (const std::string& lookup : lookups) bytes += lookup;
    const Ledger::Certain there = before();
    visitor.send(bytes);
    std::vector<std::string> again;
    for (const std::string& lookup : lookups) {
      const std::optional<Visitor::Frame> frame = co_await visitor.frame();
      if (!frame) co_return false;
      if (!note_found(visitor, *frame, there)) again.push_back(lookup);
      if (frame->fd && !destination.empty()) {
        EXPECT_EQ(frame->reply.text(Tag::destination_properties), "of " + destination);
      }
    }
    lookups = std::move(again);
  }
  co_return lookups.empty();
}

// A drop of what is chosen.
Visitor::Request drop(Tag tag, std::string name, Ledger::Chosen endpoint,
                      Ledger::Chosen destination) {
  return directly([=](Visitor& visitor) -> Task<bool> {
    visitor.ledger.dropping(endpoint, destination);
    Task<std::optional<Visitor::Frame>> asking =
        ask(visitor, frame(Kind::drop, 4, {{tag, name}}), Kind::dropped);
    const std::optional<Visitor::Frame> answer = co_await asking;
    if (answer) visitor.ledger.dropped(endpoint);
    co_return answer.has_value();
  });
}

bool none(const std::string&) {
  return false;
}
Ledger::Chosen exactly(std::string name) {
  return [=](const std::string& other) { return other == name; };
}
Ledger::Chosen beginning(std::string prefix) {
  return [=](const std::string& other) { return other.starts_with(prefix); };
}

// What is saved without that anybody waits for the answer.
Fd make_and_send(Visitor& visitor, const std::string& endpoint, bool whole) {
  Fd fd = visitor.ledger.make(endpoint);
  Saved& saved = visitor.ledger.at(visitor.ledger.last());
  std::string bytes = save_frame(1, endpoint, {}, saved.properties);
  if (!whole) bytes.resize(bytes.size() / 2);
  visitor.send(bytes, {fd.get()});
  saved.state = whole ? Saved::State::unsure : Saved::State::refused;
  return fd;
}

Task<bool> wait_for_the_end(Visitor& visitor) {
  const bool ended = co_await visitor.ended();
  visitor.leave();
  co_return ended;
}

}  // namespace

Visitor::Request save_directly(std::string endpoint, std::string destination, milliseconds ttl,
                               std::size_t size) {
  return directly([=](Visitor& visitor) -> Task<bool> {
    Fd fd = visitor.ledger.make(endpoint, size);
    const std::size_t item = visitor.ledger.last();
    const std::string properties = "of " + destination;
    std::string bytes;
    direct::FrameWriter writer{bytes, Kind::save, 5, true};
    writer.put(Tag::endpoint, endpoint).put(Tag::ttl, static_cast<std::uint64_t>(ttl.count()));
    writer.put(Tag::endpoint_properties, visitor.ledger.at(item).properties);
    if (!destination.empty()) {
      writer.open(Tag::binding).put(Tag::destination, destination).put(Tag::ttl, kTtl);
      writer.put(Tag::destination_properties, properties).close();
    }
    writer.end();
    visitor.send(bytes, {fd.get()});
    fd.reset();
    visitor.ledger.at(item).state = Saved::State::unsure;
    const std::optional<Visitor::Frame> answer = co_await visitor.frame();
    const bool refused = answer && answer->reply.kind == Kind::error;
    if (!destination.empty()) {
      visitor.ledger.bind(destination, properties, endpoint, answer && !refused);
    }
    if (!answer) co_return false;
    EXPECT_EQ(answer->reply.id, 5U);
    if (refused) {
      EXPECT_EQ(answer->reply.code(), ErrorCode::full);
      ++visitor.refusals;
    } else {
      EXPECT_EQ(answer->reply.kind, Kind::saved);
      EXPECT_EQ(answer->reply.number(Tag::bindings), destination.empty() ? 0U : 1U);
    }
    visitor.ledger.at(item).state = refused ? Saved::State::refused : Saved::State::kept;
    co_return true;
  });
}

Visitor::Request bind_directly(std::string destination, std::string endpoint) {
  return directly([=](Visitor& visitor) -> Task<bool> {
    const std::string properties = "of " + destination;
    const std::string bytes = frame(Kind::bind, 6,
                                    {{Tag::destination, destination},
                                     {Tag::endpoint, endpoint},
                                     {Tag::destination_properties, properties}},
                                    {{Tag::ttl, kTtl}});
    Task<std::optional<Visitor::Frame>> asking = ask(visitor, bytes, Kind::bound);
    const std::optional<Visitor::Frame> answer = co_await asking;
    visitor.ledger.bind(destination, properties, endpoint, answer.has_value());
    co_return answer.has_value();
  });
}

Visitor::Request find_directly(std::string endpoint, std::size_t count) {
  return directly([=](Visitor& visitor) -> Task<bool> {
    const std::vector<std::string> lookups(count, find_frame(7, endpoint));
    Task<bool> finding =
        find_all(visitor, lookups, [&] { return visitor.ledger.certain_at(endpoint); }, {});
    co_return co_await finding;
  });
}

Visitor::Request find_directly_by_destination(std::string destination) {
  return directly([=](Visitor& visitor) -> Task<bool> {
    const std::vector<std::string> lookups(1, find_destination_frame(8, destination));
    Task<bool> finding = find_all(
        visitor, lookups, [&] { return visitor.ledger.certain_for(destination); }, destination);
    co_return co_await finding;
  });
}

Visitor::Request find_nothing_directly(std::string name) {
  return directly([=](Visitor& visitor) -> Task<bool> {
    visitor.send(find_frame(1, name) + find_destination_frame(2, name));
    for (const std::uint64_t id : {1U, 2U}) {
      const std::optional<Visitor::Frame> answer = co_await visitor.frame();
      if (!answer) co_return false;
      EXPECT_EQ(answer->reply.kind, Kind::found);
      EXPECT_EQ(answer->reply.id, id);
      EXPECT_FALSE(answer->fd) << name << " is still there";
    }
    co_return true;
  });
}

Visitor::Request drop_endpoint(std::string endpoint) {
  return drop(Tag::endpoint, endpoint, exactly(endpoint), none);
}
Visitor::Request drop_destination(std::string destination) {
  return drop(Tag::destination, destination, none, exactly(destination));
}
Visitor::Request drop_prefix(std::string prefix) {
  return drop(Tag::prefix, prefix, beginning(prefix), beginning(prefix));
}

Visitor::Request drop_and_cancel() {
  return directly([=](Visitor& visitor) -> Task<bool> {
    visitor.send(frame(Kind::drop, 1, {{Tag::prefix, "nobody"}}) +
                 frame(Kind::cancel, 2, {}, {{Tag::target, 1}}));
    const std::optional<Visitor::Frame> dropped = co_await visitor.frame();
    if (!dropped) co_return false;
    const std::optional<Visitor::Frame> cancelled = co_await visitor.frame();
    if (!cancelled) co_return false;
    EXPECT_EQ(dropped->reply.id, 1U);
    EXPECT_EQ(cancelled->reply.kind, Kind::cancel_done);
    const bool was_under_way = cancelled->reply.number(Tag::cancelled) == 1;
    EXPECT_EQ(dropped->reply.kind, was_under_way ? Kind::error : Kind::dropped);
    co_return true;
  });
}

Visitor::Request list_directly(std::string endpoint, std::size_t limit) {
  return directly([=](Visitor& visitor) -> Task<bool> {
    std::multiset<std::string> told;
    std::string cursor;
    do {
      Texts texts{{Tag::prefix, endpoint}};
      if (!cursor.empty()) texts.emplace_back(Tag::cursor, cursor);
      Task<std::optional<Visitor::Frame>> asking =
          ask(visitor, frame(Kind::list, 9, texts, {{Tag::limit, limit}}), Kind::page);
      const std::optional<Visitor::Frame> page = co_await asking;
      if (!page) co_return false;
      EXPECT_TRUE(page->reply.fields().each(Tag::entry, [&](const direct::Fields& entry) {
        told.emplace(entry.bytes(Tag::endpoint_properties));
        return true;
      }));
      cursor = page->reply.text(Tag::cursor);
    } while (!cursor.empty());
    for (const auto& [item, claims] : visitor.ledger.certain_at(endpoint)) {
      const std::size_t count = told.count(visitor.ledger.at(item).properties);
      EXPECT_TRUE(count == 1 || (count == 0 && visitor.ledger.was_evicted(item)))
          << "an entry is not told once";
    }
    co_return true;
  });
}

Visitor::Request ask_directly() {
  return directly([=](Visitor& visitor) -> Task<bool> {
    visitor.send(frame(Kind::ping, 1) + frame(Kind::statistics, 2) + frame(Kind::find, 3) +
                 frame(static_cast<Kind>(99), 4) + find_frame(5, "nothing"));
    std::uint64_t id = 0;
    for (const Kind kind :
         {Kind::pong, Kind::statistics_reply, Kind::error, Kind::error, Kind::found}) {
      const std::optional<Visitor::Frame> answer = co_await visitor.frame();
      if (!answer) co_return false;
      EXPECT_EQ(answer->reply.kind, kind);
      EXPECT_EQ(answer->reply.id, ++id);
    }
    co_return true;
  });
}

Visitor::Request save_two_directly(std::string endpoint) {
  return directly([=](Visitor& visitor) -> Task<bool> {
    const Ends ends = pipe_pair();
    visitor.send(save_frame(1, endpoint), {ends.first.get(), ends.second.get()});
    Task<bool> waiting = wait_for_the_end(visitor);
    co_return co_await waiting;
  });
}

Visitor::Request save_two_in_turn(std::string endpoint) {
  return directly([=](Visitor& visitor) -> Task<bool> {
    make_and_send(visitor, endpoint, false);
    const Ends ends = pipe_pair();
    visitor.send(save_frame(1, endpoint), {ends.first.get()});
    Task<bool> waiting = wait_for_the_end(visitor);
    co_return co_await waiting;
  });
}

Visitor::Request save_itself_directly(std::string endpoint) {
  return directly([=](Visitor& visitor) -> Task<bool> {
    visitor.send(save_frame(1, endpoint), {visitor.descriptor()});
    const std::optional<Visitor::Frame> answer = co_await visitor.frame();
    if (answer) {
      EXPECT_EQ(answer->reply.code(), ErrorCode::refused);
    }
    co_return answer.has_value();
  });
}

Visitor::Request leave_directly_after(std::string bytes) {
  return directly([=](Visitor& visitor) -> Task<bool> {
    visitor.send(bytes);
    visitor.leave();
    co_return true;
  });
}

Visitor::Request save_directly_and_leave(std::string endpoint) {
  return directly([=](Visitor& visitor) -> Task<bool> {
    make_and_send(visitor, endpoint, true);
    visitor.leave();
    co_return true;
  });
}

Visitor::Request save_half_and_leave(std::string endpoint) {
  return directly([=](Visitor& visitor) -> Task<bool> {
    make_and_send(visitor, endpoint, false);
    visitor.leave();
    co_return true;
  });
}

Visitor::Request stall_directly_after(std::string bytes) {
  return directly([=](Visitor& visitor) -> Task<bool> {
    visitor.send(bytes);
    Task<bool> waiting = wait_for_the_end(visitor);
    co_return co_await waiting;
  });
}

Visitor::Request save_half_and_stall(std::string endpoint) {
  return directly([=](Visitor& visitor) -> Task<bool> {
    make_and_send(visitor, endpoint, false);
    Task<bool> waiting = wait_for_the_end(visitor);
    co_return co_await waiting;
  });
}

}  // namespace scache::test
