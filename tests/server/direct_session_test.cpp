#include "server/direct_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/session_fixture.hpp"
#include "support/listening.hpp"

namespace scache {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace test;
using direct::ErrorCode;
using direct::FrameWriter;
using direct::Kind;
using direct::Tag;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A reply as a client has it.
struct Reply {
  Kind kind;
  std::uint64_t id;
  bool with_descriptor;
  std::string body;

  direct::Fields fields() const { return direct::Fields::read(body).value(); }
  std::string text(Tag tag) const { return std::string{fields().bytes(tag)}; }
  std::uint64_t number(Tag tag) const { return fields().number(tag, ~std::uint64_t{0}); }
  ErrorCode code() const { return static_cast<ErrorCode>(number(Tag::code)); }
};

class DirectSessionTest : public SessionTest {
 protected:
  static constexpr std::uint32_t kOwner = 1'000;

  class Talk : private SessionEvents {
   public:
    explicit Talk(DirectSessionTest& test, Ends ends = socket_pair())
        : Talk{test, test.service, std::move(ends)} {}
    Talk(DirectSessionTest& test, Service& service, Ends ends = socket_pair())
        : test_{test},
          client{std::move(ends.second)},
          stream_{test.loop, test.closer, std::move(ends.first)},
          session_{stream_, service, *this, test.log, test.settings, kOwner},
          task_{session_.run()} {
      task_.start();
    }

    void say(const std::string& bytes, const std::vector<int>& descriptors = {}) {
      EXPECT_TRUE(client.send(bytes, descriptors));
      test_.settle();
    }
    // All replies that have come.
    std::vector<Reply> hear() {
      unread_ += client.read();
      std::vector<Reply> replies;
      for (;;) {
        const direct::FrameStep frame = direct::read_frame(unread_);
        if (frame.kind != direct::FrameStep::Kind::frame) return replies;
        replies.push_back({static_cast<Kind>(frame.header.kind), frame.header.id,
                           frame.header.with_descriptor, std::string{frame.body}});
        unread_.erase(0, frame.header.size);
      }
    }
    // The one reply to a request.
    Reply ask(const std::string& bytes, const std::vector<int>& descriptors = {}) {
      say(bytes, descriptors);
      std::vector<Reply> replies = hear();
      EXPECT_THAT(replies, SizeIs(1));
      return replies.empty() ? Reply{Kind::error, 0, false, {}} : replies.front();
    }
    Fd take_descriptor() {
      EXPECT_THAT(client.descriptors(), SizeIs(1));
      if (client.descriptors().empty()) return {};
      Fd fd = std::move(client.descriptors().front());
      client.descriptors().clear();
      return fd;
    }
    bool is_over() {
      if (task_.done()) task_.result();
      return task_.done();
    }
    int idle_count() const { return idle_count_; }
    int busy_count() const { return busy_count_; }

   private:
    void idle() noexcept override { ++idle_count_; }
    void busy() noexcept override { ++busy_count_; }

    DirectSessionTest& test_;
    int idle_count_ = 0;
    int busy_count_ = 0;
    std::string unread_;

   public:
    SocketClient client;

   private:
    Stream stream_;
    DirectSession session_;
    Task<> task_;
  };

  // Frames, each with the fields that are given.
  using Fields = std::vector<std::pair<Tag, std::string>>;
  using Numbers = std::vector<std::pair<Tag, std::uint64_t>>;
  static std::string frame(Kind kind, std::uint64_t id, const Fields& fields = {},
                           const Numbers& numbers = {}, bool with_descriptor = false) {
    std::string bytes;
    FrameWriter writer{bytes, kind, id, with_descriptor};
    for (const auto& [tag, value] : fields) writer.put(tag, value);
    for (const auto& [tag, value] : numbers) writer.put(tag, value);
    writer.end();
    return bytes;
  }
  static std::string save_frame(std::uint64_t id, const std::string& endpoint,
                                const Numbers& numbers = {}) {
    return frame(Kind::save, id, {{Tag::endpoint, endpoint}, {Tag::endpoint_properties, "p"}},
                 numbers, true);
  }
  static std::string find_frame(std::uint64_t id, const std::string& endpoint) {
    return frame(Kind::find, id, {{Tag::endpoint, endpoint}});
  }
  static std::string bind_frame(std::uint64_t id, const std::string& destination,
                                const std::string& endpoint) {
    return frame(Kind::bind, id, {{Tag::destination, destination}, {Tag::endpoint, endpoint}});
  }

  Ends tcp = tcp_pair();
  Talk talk{*this};
};

TEST_F(DirectSessionTest, AConnectionIsSavedAndFoundWithAllThatIsKnownOfIt) {
  const std::string name = "e\0\xff"s;
  EXPECT_EQ(talk.ask(save_frame(8, name, {{Tag::ttl, 5'000}}), {tcp.first.get()}).kind,
            Kind::saved);
  clock.advance(1'500ms);
  const Reply found = talk.ask(find_frame(9, name));
  EXPECT_EQ(found.kind, Kind::found);
  EXPECT_EQ(found.id, 9u);
  EXPECT_TRUE(found.with_descriptor);
  EXPECT_EQ(found.text(Tag::endpoint), name);
  EXPECT_EQ(found.text(Tag::endpoint_properties), "p");
  EXPECT_FALSE(found.fields().has(Tag::destination_properties));
  EXPECT_EQ(found.number(Tag::uses), 1u);
  EXPECT_EQ(found.number(Tag::age), 1'500u);
  EXPECT_EQ(found.number(Tag::idle), 1'500u);
  EXPECT_TRUE(is_same_file(talk.take_descriptor(), tcp.first));
  EXPECT_EQ(service.cache().connections(), 0u);
}

TEST_F(DirectSessionTest, NothingFoundIsAReplyWithoutADescriptor) {
  const Reply missed = talk.ask(find_frame(7, "e"));
  EXPECT_EQ(missed.kind, Kind::found);
  EXPECT_EQ(missed.id, 7u);
  EXPECT_FALSE(missed.with_descriptor);
  EXPECT_EQ(missed.body, "");
}

TEST_F(DirectSessionTest, ThePastOfAConnectionSurvivesManyHands) {
  const Reply saved = talk.ask(save_frame(1, "e"), {tcp.first.get()});
  clock.advance(1s);
  const Reply once = talk.ask(find_frame(2, "e"));
  talk.take_descriptor();
  EXPECT_EQ(once.number(Tag::connection), saved.number(Tag::connection));
  talk.ask(save_frame(3, "e",
                      {{Tag::connection, once.number(Tag::connection)},
                       {Tag::uses, once.number(Tag::uses)},
                       {Tag::age, once.number(Tag::age) + 500}}),
           {tcp.first.get()});
  clock.advance(250ms);
  const Reply twice = talk.ask(find_frame(4, "e"));
  talk.take_descriptor();
  EXPECT_EQ(twice.number(Tag::connection), saved.number(Tag::connection));
  EXPECT_EQ(twice.number(Tag::uses), 2u);
  EXPECT_EQ(twice.number(Tag::age), 1'750u);
  EXPECT_EQ(twice.number(Tag::idle), 250u);
  const Reply other = talk.ask(save_frame(5, "e"), {tcp.first.get()});
  EXPECT_NE(other.number(Tag::connection), saved.number(Tag::connection));
  EXPECT_NE(other.number(Tag::connection), 0u);
}

TEST_F(DirectSessionTest, BindingsComeWithTheSaveAndLeadToIt) {
  std::string bytes;
  FrameWriter writer{bytes, Kind::save, 1, true};
  writer.put(Tag::endpoint, "e").put(Tag::endpoint_properties, "p");
  writer.open(Tag::binding).put(Tag::destination, "d1").put(Tag::destination_properties, "dp");
  writer.close().open(Tag::binding).put(Tag::destination, "d2").put(Tag::ttl, 1'000).close().end();
  EXPECT_EQ(talk.ask(bytes, {tcp.first.get()}).number(Tag::bindings), 2u);
  EXPECT_EQ(service.cache().bindings(), 2u);
  const Reply found = talk.ask(frame(Kind::find, 2, {{Tag::destination, "d1"}}));
  EXPECT_EQ(found.text(Tag::destination_properties), "dp");
  EXPECT_EQ(found.text(Tag::endpoint), "e");
  EXPECT_TRUE(is_same_file(talk.take_descriptor(), tcp.first));
}

TEST_F(DirectSessionTest, ABindingThatIsThereIsRenewed) {
  EXPECT_EQ(talk.ask(bind_frame(1, "d", "e")).number(Tag::renewed), 0u);
  EXPECT_EQ(talk.ask(bind_frame(2, "d", "e")).number(Tag::renewed), 1u);
}

TEST_F(DirectSessionTest, ManyRequestsAtOnceAreAllAnswered) {
  std::string bytes;
  for (std::uint64_t id = 0; id < 300; ++id) bytes += find_frame(id, "e");
  talk.say(bytes);
  const auto replies = talk.hear();
  ASSERT_THAT(replies, SizeIs(300));
  for (std::uint64_t id = 0; id < 300; ++id) EXPECT_EQ(replies[id].id, id);
}

TEST_F(DirectSessionTest, AFrameMayComeByteByByte) {
  const std::string bytes = save_frame(1, "e");
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    talk.say(bytes.substr(at, 1), at == 0 ? std::vector{tcp.first.get()} : std::vector<int>{});
    EXPECT_THAT(talk.hear(), SizeIs(at + 1 == bytes.size() ? 1 : 0));
  }
  EXPECT_EQ(service.cache().connections(), 1u);
}

TEST_F(DirectSessionTest, DescriptorsBelongToTheirFramesInOrder) {
  const Ends other = tcp_pair();
  // Glued together by the kernel: one that has none in front of one that has one.
  EXPECT_TRUE(talk.client.send(find_frame(1, "x")));
  EXPECT_TRUE(talk.client.send(save_frame(2, "e1"), {tcp.first.get()}));
  EXPECT_TRUE(talk.client.send(find_frame(3, "x") + find_frame(4, "x")));
  EXPECT_TRUE(talk.client.send(save_frame(5, "e2"), {other.first.get()}));
  settle();
  EXPECT_THAT(talk.hear(), SizeIs(5));
  talk.ask(find_frame(6, "e2"));
  EXPECT_TRUE(is_same_file(talk.take_descriptor(), other.first));
  talk.ask(find_frame(7, "e1"));
  EXPECT_TRUE(is_same_file(talk.take_descriptor(), tcp.first));
}

TEST_F(DirectSessionTest, AFlagWithoutADescriptorEndsTheSession) {
  talk.say(save_frame(1, "e"));
  EXPECT_TRUE(talk.is_over());
  EXPECT_THAT(log.take(), ElementsAre(HasSubstr("a frame lacks its descriptor")));
}

TEST_F(DirectSessionTest, ADescriptorWithoutAFlagEndsTheSession) {
  talk.say(find_frame(1, "e"), {tcp.first.get()});
  EXPECT_TRUE(talk.is_over());
  EXPECT_THAT(log.take(), ElementsAre(HasSubstr("a descriptor comes without its frame")));
}

TEST_F(DirectSessionTest, TwoDescriptorsEndTheSession) {
  talk.say(save_frame(1, "e"), {tcp.first.get(), tcp.second.get()});
  EXPECT_TRUE(talk.is_over());
  EXPECT_EQ(service.cache().connections(), 0u);
}

TEST_F(DirectSessionTest, ASecondDescriptorBeforeTheFirstOnesFrameIsWholeEndsTheSession) {
  const std::string bytes = save_frame(1, "e");
  talk.say(bytes.substr(0, 10), {tcp.first.get()});
  EXPECT_FALSE(talk.is_over());
  talk.say(bytes.substr(10), {tcp.second.get()});
  EXPECT_TRUE(talk.is_over());
}

TEST_F(DirectSessionTest, BadFramesEndTheSessionWithAWord) {
  std::string bytes = find_frame(3, "e");
  bytes[0] = 23;
  talk.say(bytes);
  const auto replies = talk.hear();
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_EQ(replies[0].code(), ErrorCode::malformed);
  EXPECT_TRUE(talk.is_over());
}

TEST_F(DirectSessionTest, BadRequestsAreAnsweredAndTheSessionGoesOn) {
  const std::string big(settings.limits.name + 1, 'x');
  const std::string props(settings.limits.properties + 1, 'x');
  struct {
    std::string bytes;
    ErrorCode code;
  } const cases[] = {
      {frame(static_cast<Kind>(99), 1), ErrorCode::unsupported},
      {frame(Kind::found, 1), ErrorCode::unsupported},
      {frame(Kind::find, 1), ErrorCode::malformed},
      {frame(Kind::find, 1, {{Tag::endpoint, "e"}, {Tag::destination, "d"}}), ErrorCode::malformed},
      {frame(Kind::save, 1, {{Tag::endpoint, "e"}}), ErrorCode::malformed},
      {frame(Kind::bind, 1, {{Tag::endpoint, "e"}}), ErrorCode::malformed},
      {frame(Kind::bind, 1, {{Tag::destination, "d"}}), ErrorCode::malformed},
      {frame(Kind::bind, 1, {{Tag::destination, "d"}, {Tag::endpoint, "e"}}, {{Tag::ttl, 0}}),
       ErrorCode::malformed},
      {frame(Kind::drop, 1), ErrorCode::malformed},
      {frame(Kind::drop, 1, {{Tag::prefix, ""}, {Tag::endpoint, ""}}), ErrorCode::malformed},
      {frame(Kind::list, 1, {}, {{Tag::what, 0}}), ErrorCode::malformed},
      {frame(Kind::list, 1, {}, {{Tag::what, 4}}), ErrorCode::malformed},
      {frame(Kind::list, 1, {}, {{Tag::limit, 0}}), ErrorCode::malformed},
      {frame(Kind::list, 1, {{Tag::cursor, "short"}}), ErrorCode::malformed},
      {frame(Kind::cancel, 1), ErrorCode::malformed},
      {find_frame(1, big), ErrorCode::too_large},
      {frame(Kind::bind, 1,
             {{Tag::destination, "d"}, {Tag::endpoint, "e"}, {Tag::destination_properties, props}}),
       ErrorCode::too_large},
  };
  for (const auto& [bytes, code] : cases) {
    const Reply reply = talk.ask(bytes);
    EXPECT_EQ(reply.kind, Kind::error);
    EXPECT_EQ(reply.id, 1u);
    EXPECT_EQ(reply.code(), code) << reply.text(Tag::text);
    EXPECT_NE(reply.text(Tag::text), "");
    EXPECT_THAT(log.take(), ElementsAre(HasSubstr(direct::name_of(code))));
  }
  EXPECT_EQ(talk.ask(find_frame(2, std::string(settings.limits.name, 'x'))).kind, Kind::found);
}

TEST_F(DirectSessionTest, ADescriptorOfABadSaveIsClosed) {
  talk.ask(save_frame(1, "e", {{Tag::ttl, 0}}), {tcp.first.get()});
  tcp.first.reset();
  EXPECT_TRUE(is_left_alone(tcp.second));
}

TEST_F(DirectSessionTest, ADescriptorThatIsNoSavesIsClosed) {
  const Reply reply = talk.ask(frame(Kind::ping, 1, {}, {}, true), {tcp.first.get()});
  EXPECT_EQ(reply.code(), ErrorCode::malformed);
  tcp.first.reset();
  EXPECT_TRUE(is_left_alone(tcp.second));
}

TEST_F(DirectSessionTest, PingTellsTheServer) {
  EXPECT_THAT(talk.ask(frame(Kind::ping, 1)).text(Tag::server), HasSubstr("scache "));
}

TEST_F(DirectSessionTest, StatisticsTellWhatHasHappened) {
  talk.ask(save_frame(1, "e"), {tcp.first.get()});
  talk.ask(find_frame(2, "no"));
  talk.ask(bind_frame(3, "d", "e"));
  std::map<std::string, std::uint64_t> told;
  const Reply reply = talk.ask(frame(Kind::statistics, 4));
  EXPECT_TRUE(reply.fields().each(Tag::statistic, [&](const direct::Fields& one) {
    told[std::string{one.bytes(Tag::name)}] = one.number(Tag::value);
    return true;
  }));
  EXPECT_EQ(told["connections"], 1u);
  EXPECT_EQ(told["bindings"], 1u);
  EXPECT_EQ(told["connections_saved"], 1u);
  EXPECT_EQ(told["bindings_saved"], 1u);
  EXPECT_EQ(told["endpoint_misses"], 1u);
  EXPECT_GT(told["bytes"], 0u);
}

// Lists.

TEST_F(DirectSessionTest, AListTellsEntriesInPages) {
  talk.ask(save_frame(1, "e1", {{Tag::ttl, 10'000}}), {tcp.first.get()});
  talk.ask(save_frame(2, "e2", {{Tag::ttl, 20'000}}), {tcp.first.get()});
  talk.ask(bind_frame(3, "e-dest", "x"));
  talk.ask(bind_frame(4, "other", "x"));
  clock.advance(1s);
  std::vector<std::string> names;
  std::string cursor;
  for (int page = 0; page < 10; ++page) {
    Fields fields{{Tag::prefix, "e"}};
    if (page > 0) fields.push_back({Tag::cursor, cursor});
    const Reply reply = talk.ask(frame(Kind::list, 5, fields, {{Tag::limit, 1}}));
    EXPECT_EQ(reply.kind, Kind::page);
    reply.fields().each(Tag::entry, [&](const direct::Fields& entry) {
      const bool binding = entry.has(Tag::destination);
      names.emplace_back(entry.bytes(binding ? Tag::destination : Tag::endpoint));
      if (!binding) {
        EXPECT_EQ(entry.number(Tag::owner), kOwner);
        EXPECT_EQ(entry.number(Tag::idle), 1'000u);
        EXPECT_EQ(entry.number(Tag::ttl), names.size() * 10'000 - 1'000);
      }
      return true;
    });
    if (!reply.fields().has(Tag::cursor)) break;
    cursor = reply.text(Tag::cursor);
  }
  EXPECT_THAT(names, ElementsAre("e1", "e2", "e-dest"));
}

TEST_F(DirectSessionTest, AListMayBeOfOneKindOnly) {
  talk.ask(save_frame(1, "e"), {tcp.first.get()});
  talk.ask(bind_frame(2, "d", "e"));
  const auto count = [&](std::uint64_t what) {
    int entries = 0;
    talk.ask(frame(Kind::list, 3, {}, {{Tag::what, what}}))
        .fields()
        .each(Tag::entry, [&](const direct::Fields&) { return ++entries > 0; });
    return entries;
  };
  EXPECT_EQ(count(direct::kConnections), 1);
  EXPECT_EQ(count(direct::kBindings), 1);
  EXPECT_EQ(count(direct::kConnections | direct::kBindings), 2);
}

TEST_F(DirectSessionTest, APageEndsAtItsLimits) {
  for (std::size_t i = 0; i <= DirectSession::kEntriesOfPage; ++i) {
    service.save(SaveDestination{10s, std::to_string(i), "", "e"}, clock.now());
  }
  std::size_t entries = 0;
  const auto count = [&](const direct::Fields&) { return ++entries > 0; };
  Reply page = talk.ask(frame(Kind::list, 1));
  page.fields().each(Tag::entry, count);
  EXPECT_EQ(entries, DirectSession::kEntriesOfPage);
  entries = 0;
  page = talk.ask(frame(Kind::list, 2, {{Tag::cursor, page.text(Tag::cursor)}}));
  page.fields().each(Tag::entry, count);
  EXPECT_EQ(entries, 1u);
  EXPECT_FALSE(page.fields().has(Tag::cursor));
}

TEST_F(DirectSessionTest, APageOfLargeEntriesEndsEarly) {
  const std::string large(settings.limits.properties, 'x');
  for (const char* destination : {"a", "b", "c"}) {
    service.save(SaveDestination{10s, destination, large, "e"}, clock.now());
  }
  std::size_t entries = 0;
  const Reply page = talk.ask(frame(Kind::list, 1));
  page.fields().each(Tag::entry, [&](const direct::Fields&) { return ++entries > 0; });
  EXPECT_EQ(entries, 1u);
  EXPECT_TRUE(page.fields().has(Tag::cursor));
}

// Drops.

TEST_F(DirectSessionTest, AnEndpointADestinationOrAPrefixIsDropped) {
  talk.ask(save_frame(1, "a1"), {tcp.first.get()});
  talk.ask(save_frame(2, "a2"), {tcp.first.get()});
  talk.ask(save_frame(3, "b"), {tcp.first.get()});
  talk.ask(bind_frame(4, "a3", "b"));
  talk.ask(bind_frame(5, "c", "b"));
  const Reply destination = talk.ask(frame(Kind::drop, 6, {{Tag::destination, "c"}}));
  EXPECT_EQ(destination.kind, Kind::dropped);
  EXPECT_EQ(destination.number(Tag::bindings), 1u);
  EXPECT_EQ(destination.number(Tag::connections), 0u);
  const Reply endpoint = talk.ask(frame(Kind::drop, 7, {{Tag::endpoint, "a1"}}));
  EXPECT_EQ(endpoint.number(Tag::connections), 1u);
  const Reply prefix = talk.ask(frame(Kind::drop, 8, {{Tag::prefix, "a"}}));
  EXPECT_EQ(prefix.number(Tag::connections), 1u);
  EXPECT_EQ(prefix.number(Tag::bindings), 1u);
  EXPECT_EQ(service.cache().connections(), 1u);
  const Reply all = talk.ask(frame(Kind::drop, 9, {{Tag::prefix, ""}}));
  EXPECT_EQ(all.number(Tag::connections), 1u);
  EXPECT_EQ(service.totals().dropped, 5u);
}

TEST_F(DirectSessionTest, ALongDropHoldsUpNothingBehindIt) {
  const std::size_t many = 10 * Drops::kEntriesOfSlice;
  for (std::size_t i = 0; i < many; ++i) {
    service.save(SaveDestination{10s, std::to_string(i), "", "e"}, clock.now());
  }
  EXPECT_TRUE(talk.client.send(frame(Kind::drop, 1, {{Tag::prefix, ""}}) + find_frame(2, "e")));
  turn();
  turn();
  auto replies = talk.hear();
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_EQ(replies[0].id, 2u);
  EXPECT_GT(service.cache().bindings(), 0u);
  EXPECT_EQ(talk.idle_count(), talk.busy_count());
  settle();
  replies = talk.hear();
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_EQ(replies[0].number(Tag::bindings), many);
}

TEST_F(DirectSessionTest, ADropIsCancelled) {
  for (std::size_t i = 0; i < 10 * Drops::kEntriesOfSlice; ++i) {
    service.save(SaveDestination{10s, std::to_string(i), "", "e"}, clock.now());
  }
  EXPECT_TRUE(talk.client.send(frame(Kind::drop, 1, {{Tag::prefix, ""}}) +
                               frame(Kind::cancel, 2, {}, {{Tag::target, 1}}) +
                               frame(Kind::cancel, 3, {}, {{Tag::target, 1}})));
  settle();
  const auto replies = talk.hear();
  ASSERT_THAT(replies, SizeIs(3));
  EXPECT_EQ(replies[0].id, 1u);
  EXPECT_EQ(replies[0].code(), ErrorCode::cancelled);
  EXPECT_EQ(replies[1].id, 2u);
  EXPECT_EQ(replies[1].number(Tag::cancelled), 1u);
  EXPECT_EQ(replies[2].number(Tag::cancelled), 0u);
  EXPECT_GT(service.cache().bindings(), 0u);
}

TEST_F(DirectSessionTest, MoreDropsThanMayBeUnderWayWait) {
  for (std::size_t i = 0; i < 4 * Drops::kEntriesOfSlice; ++i) {
    service.save(SaveDestination{10s, std::to_string(i), "", "e"}, clock.now());
  }
  std::string bytes;
  for (std::uint64_t id = 0; id <= Drops::kMostUnderWay; ++id) {
    bytes += frame(Kind::drop, id, {{Tag::prefix, "x"}});
  }
  EXPECT_TRUE(talk.client.send(bytes));
  settle();
  EXPECT_THAT(talk.hear(), SizeIs(Drops::kMostUnderWay + 1));
}

TEST_F(DirectSessionTest, AClientThatGoesLeavesItsDropsUnfinished) {
  for (std::size_t i = 0; i < 100 * Drops::kEntriesOfSlice; ++i) {
    service.save(SaveDestination{10s, std::to_string(i), "", "e"}, clock.now());
  }
  EXPECT_TRUE(talk.client.send(frame(Kind::drop, 1, {{Tag::prefix, ""}})));
  turn();
  talk.client.leave();
  settle();
  EXPECT_TRUE(talk.is_over());
  EXPECT_GT(service.cache().bindings(), 0u);
}

// Clients that do not read, do not speak, or go.

TEST_F(DirectSessionTest, DescriptorsThatAreNotReadAreLimitedAndNothingIsLost) {
  const std::size_t many = 2 * Stream::kMaxUnreadDescriptors;
  std::string bytes;
  for (std::uint64_t id = 0; id < many; ++id) {
    service.save(SaveEndpoint{10s, "e", "p"}, Fd{::dup(tcp.first.get())}, clock.now());
    bytes += find_frame(id, "e");
  }
  EXPECT_TRUE(talk.client.send(bytes));
  settle();
  EXPECT_EQ(service.cache().connections(), many - Stream::kMaxUnreadDescriptors);
  EXPECT_THAT(talk.hear(), SizeIs(Stream::kMaxUnreadDescriptors));
  talk.client.descriptors().clear();
  pass(DirectSession::kPause);
  EXPECT_THAT(talk.hear(), SizeIs(Stream::kMaxUnreadDescriptors));
  EXPECT_EQ(service.cache().connections(), 0u);
  talk.client.descriptors().clear();
}

TEST_F(DirectSessionTest, AClientThatNeverReadsItsDescriptorsIsLeft) {
  std::string bytes;
  for (std::uint64_t id = 0; id <= Stream::kMaxUnreadDescriptors; ++id) {
    service.save(SaveEndpoint{100s, "e", "p"}, Fd{::dup(tcp.first.get())}, clock.now());
    bytes += find_frame(id, "e");
  }
  EXPECT_TRUE(talk.client.send(bytes));
  settle();
  pass(kTimeLimit - 1ms);
  EXPECT_FALSE(talk.is_over());
  pass(1ms);
  EXPECT_TRUE(talk.is_over());
  EXPECT_EQ(service.cache().connections(), 1u);
}

TEST_F(DirectSessionTest, AFoundConnectionWaitsForRoomAndStaysInTheCacheIfThereIsNone) {
  // So many replies as the socket takes, and then one with a descriptor.
  const std::string large(settings.limits.properties, 'x');
  service.save(SaveEndpoint{100s, "big", large}, Fd{::dup(tcp.first.get())}, clock.now());
  const int small = 4'096;
  Ends ends = socket_pair();
  ::setsockopt(ends.first.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  Talk slow{*this, std::move(ends)};
  for (int i = 0; i < 3; ++i) slow.say(frame(Kind::statistics, 1));
  slow.say(find_frame(2, "big") + frame(Kind::ping, 3));
  EXPECT_FALSE(slow.is_over());
  std::vector<Reply> replies;
  for (int i = 0; i < 200; ++i) {
    for (Reply& reply : slow.hear()) replies.push_back(std::move(reply));
    settle();
  }
  ASSERT_THAT(replies, SizeIs(5));
  EXPECT_EQ(replies[3].text(Tag::endpoint_properties), large);
  EXPECT_EQ(replies[4].kind, Kind::pong);
  EXPECT_TRUE(is_same_file(slow.take_descriptor(), tcp.first));
}

TEST_F(DirectSessionTest, AClientThatReadsNoRepliesIsServedNoFurtherAndLeft) {
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += frame(Kind::statistics, 1);
  for (int i = 0; i < 200; ++i) {
    if (!talk.client.send(bytes)) break;
    settle();
  }
  EXPECT_FALSE(talk.is_over());
  pass(kTimeLimit);
  EXPECT_TRUE(talk.is_over());
}

TEST_F(DirectSessionTest, ARequestThatIsNotFinishedInTimeEndsTheSession) {
  talk.say(find_frame(1, "e").substr(0, 30));
  pass(kTimeLimit - 1ms);
  EXPECT_FALSE(talk.is_over());
  pass(1ms);
  EXPECT_TRUE(talk.is_over());
}

TEST_F(DirectSessionTest, BetweenRequestsAClientMayWait) {
  talk.ask(find_frame(1, "e"));
  EXPECT_EQ(talk.idle_count(), talk.busy_count() + 1);
  pass(100 * kTimeLimit);
  EXPECT_EQ(talk.ask(find_frame(2, "e")).id, 2u);
  talk.client.leave();
  settle();
  EXPECT_TRUE(talk.is_over());
}

TEST_F(DirectSessionTest, ItsEndClosesADescriptorWhoseFrameIsNotWhole) {
  talk.say(save_frame(1, "e").substr(0, 30), {tcp.first.get()});
  tcp.first.reset();
  EXPECT_FALSE(is_left_alone(tcp.second));
  talk.client.leave();
  settle();
  EXPECT_TRUE(talk.is_over());
}

// Refusals of the cache.

TEST_F(DirectSessionTest, WhatTheCacheRefusesIsSaidByNameAndLeavesTheDescriptorToTheClient) {
  const Listening listening;
  Service little{{.limits = {.connections = 1, .bytes = 2'000},
                  .ttl_limit = 10s,
                  .listening = ListeningAddress{listening.descriptor()}},
                 statistics,
                 closer,
                 log};
  Talk guest{*this, little};
  const Fd own = listening.connect();
  EXPECT_EQ(guest.ask(save_frame(1, "e"), {own.get()}).code(), ErrorCode::refused);
  EXPECT_EQ(guest.ask(save_frame(2, "e"), {tcp.first.get()}).kind, Kind::saved);
  EXPECT_EQ(guest.ask(save_frame(3, "e"), {tcp.first.get()}).code(), ErrorCode::full);
  EXPECT_TRUE(is_open(tcp.first.get()));
  EXPECT_EQ(guest.ask(bind_frame(4, std::string(2'000, 'd'), "e")).code(), ErrorCode::full);
  EXPECT_EQ(little.totals().connections_refused, 2u);
}

}  // namespace
}  // namespace scache
