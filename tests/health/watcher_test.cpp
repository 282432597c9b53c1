// SPDX-License-Identifier: Apache-2.0
#include "health/watcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "cache/cache.hpp"
#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"
#include "support/recording_log.hpp"

namespace scache::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Allows input for endpoints that begin with "greets".
class CacheKeeper final : public Keeper {
 public:
  explicit CacheKeeper(Cache& cache) : cache_{cache} {}

  bool may_remove() const noexcept override { return may; }
  bool remove(const Position& place, Sign sign) noexcept override {
    const auto connection = cache_.connection_at(place);
    EXPECT_TRUE(connection) << "the watcher asks for a connection that is not there";
    if (!connection) return true;
    ++asked;
    if (sign == Sign::input && connection->endpoint.starts_with("greets")) return false;
    removed.emplace_back(connection->properties);
    return cache_.discard(place);
  }

  bool may = true;
  int asked = 0;
  std::vector<std::string> removed;

 private:
  Cache& cache_;
};

class WatcherTest : public DescriptorCensus {
 protected:
  WatcherTest() {
    watcher.emplace(loop, keeper, log);
    cache.observe(*watcher);
  }
  ~WatcherTest() override {
    if (watcher) cache.stop_observing(*watcher);
  }

  // Saves a descriptor.
  void save(std::string_view endpoint, std::string_view properties, Fd fd, DescriptorKind kind) {
    EXPECT_EQ(cache.save_connection(endpoint, properties, clock.now() + 1h, fd, {.kind = kind}),
              SaveOutcome::saved);
  }
  // Saves one end of a new connection; returns the other.
  Fd save_local(std::string_view endpoint, std::string_view properties = "p") {
    Ends ends = socket_pair();
    save(endpoint, properties, std::move(ends.first), DescriptorKind::local);
    return std::move(ends.second);
  }
  std::optional<Claim> find(std::string_view endpoint) {
    return cache.find_endpoint(endpoint, clock.now());
  }

  bool turn() { return loop.turn(Loop::Wait::poll); }
  // Runs the loop until it has nothing to do; returns the number of turns.
  int settle() {
    for (int turns = 0; turns < 10'000; ++turns) {
      if (!turn()) return turns;
    }
    ADD_FAILURE() << "the loop does not become idle";
    return 0;
  }
  void pass(Duration time) {
    clock.advance(time);
    settle();
  }
  // Lets the watcher begin to watch all connections.
  void begin() { pass(Watcher::kQuiet); }

  FakeClock clock;
  Loop loop{clock.reader()};
  RecordingLog log;
  Cache cache{{}};
  CacheKeeper keeper{cache};
  std::optional<Watcher> watcher;
};

// What the peer does, and the connections for which that is the end.
struct Happening {
  const char* name;
  std::function<void(Fd& peer)> act;
  bool is_end;
};
void reset(Fd& peer) {
  const linger at_once{1, 0};
  ::setsockopt(peer.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  peer.reset();
}
const std::vector<Happening> kHappenings{
    {"Close", [](Fd& peer) { peer.reset(); }, true},
    {"Reset", [](Fd& peer) { reset(peer); }, true},
    {"HalfClose", [](Fd& peer) { ::shutdown(peer.get(), SHUT_WR); }, true},
    {"Bytes", [](Fd& peer) { send_with(peer.get(), "421 bye\r\n", {}); }, false},
    {"BytesAndClose",
     [](Fd& peer) {
       send_with(peer.get(), "421 bye\r\n", {});
       peer.reset();
     },
     true},
    {"UrgentByte", [](Fd& peer) { ::send(peer.get(), "x", 1, MSG_OOB | MSG_NOSIGNAL); }, false},
    {"Nothing", [](Fd&) {}, false},
};
void PrintTo(const Happening& happening, std::ostream* out) {
  *out << happening.name;
}

struct Kind {
  const char* name;
  Ends (*make)();
  DescriptorKind kind;
};
const std::vector<Kind> kKinds{
    {"Tcp", [] { return tcp_pair(); }, DescriptorKind::network},
    {"Local", [] { return socket_pair(); }, DescriptorKind::local},
};
void PrintTo(const Kind& kind, std::ostream* out) {
  *out << kind.name;
}

class WatcherEvents : public WatcherTest,
                      public ::testing::WithParamInterface<std::tuple<Happening, Kind>> {
 protected:
  // Whether a connection leaves the cache, if the peer acts before or after watching begins.
  bool leaves(std::string_view endpoint, bool early) {
    const auto& [happening, kind] = GetParam();
    Ends ends = kind.make();
    save(endpoint, "p", std::move(ends.first), kind.kind);
    if (!early) begin();
    happening.act(ends.second);
    settle();
    if (early) {
      EXPECT_EQ(cache.held(), 1U) << "it is not watched yet";
      begin();
    }
    const bool left = cache.held() == 0;
    EXPECT_THAT(keeper.removed, SizeIs(left ? 1 : 0));
    keeper.removed.clear();
    if (!left) find(endpoint)->commit();
    EXPECT_EQ(cache.held(), 0U);
    EXPECT_FALSE(turn()) << "nothing is reported after it has left";
    return left;
  }
};

TEST_P(WatcherEvents, RemoveTheConnection) {
  const Happening& happening = std::get<0>(GetParam());
  for (const bool early : {false, true}) {
    EXPECT_EQ(leaves("e", early), std::string_view{happening.name} != "Nothing") << early;
  }
}

TEST_P(WatcherEvents, OnlyAnEndRemovesAConnectionWhoseInputIsAllowed) {
  for (const bool early : {false, true}) {
    EXPECT_EQ(leaves("greets", early), std::get<0>(GetParam()).is_end) << early;
  }
}

INSTANTIATE_TEST_SUITE_P(All, WatcherEvents,
                         ::testing::Combine(::testing::ValuesIn(kHappenings),
                                            ::testing::ValuesIn(kKinds)),
                         [](const auto& instance) {
                           return std::string{std::get<0>(instance.param).name} +
                                  std::get<1>(instance.param).name;
                         });

TEST_F(WatcherTest, MultipathTcpIsWatched) {
  if (!Fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP)}) {
    GTEST_SKIP() << "not supported here";
  }
  const std::vector<void (*)(Fd&)> acts{
      [](Fd& peer) { peer.reset(); },
      [](Fd& peer) { send_with(peer.get(), "421 bye\r\n", {}); },
  };
  for (const auto act : acts) {
    Ends ends = tcp_pair(IPPROTO_MPTCP);
    save("e", "p", std::move(ends.first), DescriptorKind::network);
    begin();
    EXPECT_EQ(cache.held(), 1U);
    act(ends.second);
    // The kernel may pass it on later.
    EXPECT_TRUE(comes_true([&] {
      settle();
      return cache.held() == 0;
    }));
  }
}

TEST_F(WatcherTest, BeginsWhenAConnectionHasBeenIdle) {
  Fd peer = save_local("e");
  pass(Watcher::kQuiet - Duration{1});
  peer.reset();
  settle();
  EXPECT_EQ(cache.held(), 1U);
  pass(Duration{1});
  EXPECT_EQ(cache.held(), 0U);
}

TEST_F(WatcherTest, DoesNothingWhileNothingHappens) {
  std::vector<Fd> peers;
  for (int i = 0; i < 10; ++i) peers.push_back(save_local("e"));
  begin();
  for (int i = 0; i < 100; ++i) {
    clock.advance(1min);
    EXPECT_FALSE(turn());
  }
  EXPECT_EQ(cache.held(), 10U);
}

TEST_F(WatcherTest, AnIdleCacheHasNoTimer) {
  const Fd peer = save_local("e");
  find("e")->commit();
  clock.advance(Watcher::kQuiet);
  turn();
  clock.advance(1h);
  EXPECT_FALSE(turn());
}

TEST_F(WatcherTest, ByteAfterByteIsReportedOnceIfInputIsAllowed) {
  const Fd peer = save_local("greets");
  begin();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(send_with(peer.get(), "x", {}));
    settle();
  }
  EXPECT_EQ(keeper.asked, 1);
  ::shutdown(peer.get(), SHUT_WR);
  settle();
  EXPECT_EQ(cache.held(), 0U);
}

TEST_F(WatcherTest, APipeIsNotWatched) {
  Ends pipe = pipe_pair();
  save("e", "p", std::move(pipe.first), DescriptorKind::pipe);
  ASSERT_EQ(::write(pipe.second.get(), "x", 1), 1);
  pipe.second.reset();
  begin();
  EXPECT_EQ(cache.held(), 1U);
}

TEST_F(WatcherTest, AClaimedConnectionIsNotWatched) {
  Fd peer = save_local("e");
  begin();
  {
    const auto claim = find("e");
    ASSERT_TRUE(claim);
    peer.reset();
    EXPECT_FALSE(turn());
    pass(1s);
    EXPECT_EQ(cache.held(), 1U);
  }
  settle();
  EXPECT_EQ(cache.held(), 1U) << "it has just returned";
  begin();
  EXPECT_EQ(cache.held(), 0U);
}

TEST_F(WatcherTest, AnEventOfAConnectionThatIsClaimedIsForgotten) {
  Fd peer = save_local("greets");
  begin();
  keeper.may = false;
  ASSERT_TRUE(send_with(peer.get(), "x", {}));
  turn();
  find("greets")->commit();
  const Fd other = save_local("greets", "other");
  keeper.may = true;
  settle();
  begin();
  EXPECT_EQ(keeper.asked, 0);
  EXPECT_EQ(cache.held(), 1U);
}

TEST_F(WatcherTest, AnEventOfAConnectionThatReturnsIsSeenAgain) {
  Fd peer = save_local("e");
  begin();
  keeper.may = false;
  peer.reset();
  turn();
  find("e");
  keeper.may = true;
  settle();
  EXPECT_EQ(cache.held(), 1U);
  begin();
  EXPECT_EQ(cache.held(), 0U);
}

TEST_F(WatcherTest, AConnectionThatLeavesIsNotWatched) {
  Ends ends = socket_pair();
  const Fd copy{::dup(ends.first.get())};
  save("e", "p", std::move(ends.first), DescriptorKind::local);
  begin();
  EXPECT_EQ(cache.expire(clock.now() + 2h, 10), 1U);
  ends.second.reset();
  EXPECT_FALSE(turn()) << "the copy is another process's";
}

TEST_F(WatcherTest, RemovalWaitsForTheCloser) {
  Fd peer = save_local("e");
  begin();
  keeper.may = false;
  peer.reset();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(turn());
  EXPECT_EQ(cache.held(), 1U);
  keeper.may = true;
  settle();
  EXPECT_EQ(cache.held(), 0U);
}

TEST_F(WatcherTest, TheNextConnectionOfADescriptorIsAnother) {
  Fd peer = save_local("e", "first");
  begin();
  EXPECT_EQ(cache.drop_connections("e", ~0ULL, 10), 1U);
  peer.reset();
  const Fd next = save_local("e", "second");
  begin();
  EXPECT_THAT(keeper.removed, IsEmpty());
  EXPECT_EQ(cache.held(), 1U);
}

TEST_F(WatcherTest, ManyAreRemovedInSlices) {
  constexpr std::size_t kMany = 3 * Watcher::kRemovedOfTurn;
  std::vector<Fd> peers;
  for (std::size_t i = 0; i < kMany; ++i) peers.push_back(save_local("e"));
  begin();
  peers.clear();
  for (std::size_t left = kMany; left > 0;) {
    left -= Watcher::kRemovedOfTurn;
    EXPECT_TRUE(turn());
    EXPECT_EQ(cache.held(), left);
  }
  settle();
  EXPECT_THAT(keeper.removed, SizeIs(kMany));
}

TEST_F(WatcherTest, ManyBeginToBeWatchedInSlices) {
  constexpr std::size_t kMany = Watcher::kBegunOfTurn + 1;
  std::vector<Fd> peers;
  for (std::size_t i = 0; i < kMany; ++i) peers.push_back(save_local("e"));
  clock.advance(Watcher::kQuiet);
  turn();
  peers.clear();
  keeper.may = false;
  turn();
  keeper.may = true;
  settle();
  EXPECT_EQ(cache.held(), 0U);
}

TEST_F(WatcherTest, ADescriptorThatCannotBeWatchedStays) {
  // epoll(7) refuses a file.
  for (int i = 0; i < 3; ++i) {
    save("e", "p", Fd{::memfd_create("file", MFD_CLOEXEC)}, DescriptorKind::network);
  }
  begin();
  EXPECT_EQ(cache.held(), 3U);
  EXPECT_THAT(log.take(),
              ElementsAre("warning: cannot watch a cached connection: Operation not permitted"));
  EXPECT_FALSE(turn());
  while (auto claim = find("e")) claim->commit();
}

TEST_F(WatcherTest, WhenItEndsNothingIsWatched) {
  Fd watched = save_local("e");
  begin();
  keeper.may = false;
  Fd signalled = save_local("e");
  begin();
  signalled.reset();
  turn();
  Fd quiet = save_local("e");
  cache.stop_observing(*watcher);
  watcher.reset();
  watched.reset();
  quiet.reset();
  clock.advance(1h);
  EXPECT_FALSE(turn());
  EXPECT_EQ(cache.held(), 3U);
}

}  // namespace
}  // namespace scache::test
