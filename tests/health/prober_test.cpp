// SPDX-License-Identifier: Apache-2.0
#include "health/prober.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cache/cache.hpp"
#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"
#include "support/few_descriptors.hpp"
#include "support/recording_log.hpp"

namespace scache::test {
namespace {

using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Result = ProbeKeeper::Result;

constexpr std::uint32_t kAlice = 1'001;

// The threads of a Closer begin their work when the gate is open.
std::atomic<bool> gate_is_open = true;
void start_behind_gate(std::function<void()> body) {
  Closer::start_detached([body = std::move(body)] {
    gate_is_open.wait(false);
    body();
  });
}
void open_gate() {
  gate_is_open = true;
  gate_is_open.notify_all();
}

// Probes endpoints that begin with "redis".
class ProbingKeeper final : public ProbeKeeper {
 public:
  explicit ProbingKeeper(Cache& cache) : cache_{cache} {}

  const Probe* probe_for(std::string_view endpoint) const noexcept override {
    return probes && endpoint.starts_with("redis") ? &probe : nullptr;
  }
  std::optional<ConnectionRecord> connection_at(const Position& place) const noexcept override {
    return cache_.connection_at(place);
  }
  std::optional<Claim> claim(const Position& place) noexcept override {
    return cache_.claim_at(place);
  }
  std::size_t idle_connections(std::string_view endpoint) const noexcept override {
    return cache_.connections_of(endpoint);
  }
  void count_probe(Result result) noexcept override { results.push_back(result); }

  Probe probe{.send = "PING\r\n", .expect = "+PONG\r\n", .end = "", .idle = 30s, .wait = 2s};
  bool probes = true;
  std::vector<Result> results;

 private:
  Cache& cache_;
};

class ProberTest : public DescriptorCensus {
 protected:
  ProberTest() {
    prober.emplace(loop, closer, keeper, log);
    cache.observe(*prober);
  }
  ~ProberTest() override {
    open_gate();
    stop();
    EXPECT_TRUE(comes_true([this] { return !closer.catch_up(); }));
  }
  void stop() {
    if (prober) cache.stop_observing(*prober);
    prober.reset();
  }

  // Saves one end of a connection; returns the other.
  Fd save(std::string_view endpoint = "redis", std::uint32_t owner = kAlice, Duration ttl = 1h) {
    return save_ends(endpoint, owner, ttl, socket_pair(), DescriptorKind::local);
  }
  Fd save_ends(std::string_view endpoint, std::uint32_t owner, Duration ttl, Ends ends,
               DescriptorKind kind) {
    EXPECT_EQ(cache.save_connection(endpoint, "p", clock.now() + ttl, ends.first,
                                    {.owner = owner, .kind = kind}),
              SaveOutcome::saved);
    return std::move(ends.second);
  }
  bool has(std::string_view endpoint = "redis") {
    return cache.find_endpoint(endpoint, clock.now()).has_value();
  }
  // Runs the loop and the threads until there is nothing to do.
  void settle() {
    do {
      if (gate_is_open) {
        EXPECT_TRUE(comes_true([this] { return closer.is_idle(); }));
      }
    } while (loop.turn(Loop::Wait::poll));
  }
  void pass(Duration time) {
    clock.advance(time);
    settle();
  }
  // Whether the peer has received the request.
  static bool is_asked(const Fd& peer) { return receive_with(peer.get()).bytes == "PING\r\n"; }
  void answer(const Fd& peer, const std::string& bytes = "+PONG\r\n") {
    EXPECT_TRUE(send_with(peer.get(), bytes, {}));
  }
  // Runs the loop until probes have ended.
  bool end(std::size_t count = 1) {
    return comes_true([&] {
      settle();
      return keeper.results.size() >= count;
    });
  }

  FakeClock clock;
  Loop loop{clock.reader()};
  Closer closer{Closer::kMaxThreads, &start_behind_gate};
  Cache cache{{}, [this](Fd fd, const ConnectionRecord& connection, Departure why) {
                departures.push_back(why);
                closer.close(std::move(fd), connection.provenance.owner);
              }};
  ProbingKeeper keeper{cache};
  RecordingLog log;
  std::optional<Prober> prober;
  std::vector<Departure> departures;
};

TEST_F(ProberTest, AnIdleConnectionIsProbedAndReturned) {
  for (const bool network : {true, false}) {
    keeper.results.clear();
    const Fd peer = save_ends("redis", kAlice, 1h, network ? tcp_pair() : socket_pair(),
                              network ? DescriptorKind::network : DescriptorKind::local);
    pass(30s - 1ns);
    EXPECT_EQ(prober->count(), 0U);
    pass(1ns);
    EXPECT_EQ(prober->count(), 1U);
    EXPECT_FALSE(has()) << "nobody else writes to it meanwhile";
    ASSERT_TRUE(is_asked(peer));
    answer(peer);
    ASSERT_TRUE(end());
    EXPECT_THAT(keeper.results, ElementsAre(Result::passed));
    EXPECT_EQ(prober->count(), 0U);
    EXPECT_TRUE(has());
    cache.drop_connections("redis", ~0ULL, 10);
  }
  EXPECT_THAT(log.take(), IsEmpty());
}

TEST_F(ProberTest, AConnectionIsProbedAgainAfterEachIdleTime) {
  const Fd peer = save();
  for (std::size_t count = 1; count <= 3; ++count) {
    pass(30s);
    ASSERT_TRUE(is_asked(peer));
    answer(peer);
    ASSERT_TRUE(end(count));
  }
  EXPECT_THAT(keeper.results, Each(Result::passed));
}

TEST_F(ProberTest, AUseStartsTheIdleTimeAgain) {
  const Fd peer = save();
  pass(29s);
  EXPECT_TRUE(has());
  pass(29s);
  EXPECT_EQ(prober->count(), 0U);
  pass(1s);
  EXPECT_EQ(prober->count(), 1U);
}

TEST_F(ProberTest, AnAnswerMayComeInParts) {
  const Fd peer = save();
  pass(30s);
  ASSERT_TRUE(is_asked(peer));
  for (const char* part : {"+PO", "NG\r", "\n"}) {
    EXPECT_THAT(keeper.results, IsEmpty());
    answer(peer, part);
    settle();
  }
  ASSERT_TRUE(end());
  EXPECT_THAT(keeper.results, ElementsAre(Result::passed));
}

// What the other side does.
struct Failure {
  const char* name;
  Result result;
  std::function<void(Fd& peer)> act;
};
void PrintTo(const Failure& failure, std::ostream* out) {
  *out << failure.name;
}
const std::vector<Failure> kFailures{
    {"Error", Result::wrong_answer, [](Fd& peer) { send_with(peer.get(), "-ERR\r\n", {}); }},
    {"Surplus", Result::wrong_answer,
     [](Fd& peer) { send_with(peer.get(), "+PONG\r\n+OK\r\n", {}); }},
    {"Close", Result::no_answer, [](Fd& peer) { peer.reset(); }},
    {"HalfClose", Result::no_answer, [](Fd& peer) { ::shutdown(peer.get(), SHUT_WR); }},
    {"AnswerAndClose", Result::no_answer,
     [](Fd& peer) {
       send_with(peer.get(), "+PONG\r\n", {});
       peer.reset();
     }},
};
class ProberFailures : public ProberTest, public ::testing::WithParamInterface<Failure> {};

TEST_P(ProberFailures, RemoveTheConnection) {
  Fd peer = save();
  pass(30s);
  ASSERT_TRUE(is_asked(peer));
  GetParam().act(peer);
  ASSERT_TRUE(end());
  EXPECT_THAT(keeper.results, ElementsAre(GetParam().result));
  EXPECT_THAT(departures, ElementsAre(Departure::dead));
  EXPECT_EQ(cache.held(), 0U);
  const std::string why = GetParam().result == Result::no_answer ? "no answer" : "wrong answer";
  EXPECT_THAT(log.take(), ElementsAre("warning: a probe has failed: endpoint=redis: " + why));
}

INSTANTIATE_TEST_SUITE_P(All, ProberFailures, ::testing::ValuesIn(kFailures),
                         [](const auto& of) { return std::string{of.param.name}; });

TEST_F(ProberTest, ItsTimeLimitBeginsWhenTheRequestIsSent) {
  gate_is_open = false;
  const Fd peer = save();
  pass(30s);
  EXPECT_EQ(prober->count(), 1U);
  pass(10s);
  EXPECT_FALSE(is_asked(peer));
  open_gate();
  settle();
  ASSERT_TRUE(is_asked(peer));
  pass(2s - 1ns);
  EXPECT_THAT(keeper.results, IsEmpty());
  pass(1ns);
  EXPECT_THAT(keeper.results, ElementsAre(Result::no_answer));
}

TEST_F(ProberTest, ARequestThatIsNotSentInTimeEndsTheConnection) {
  gate_is_open = false;
  const Fd peer = save();
  pass(30s);
  pass(Prober::kSendLimit - 1ns);
  EXPECT_EQ(prober->count(), 1U);
  pass(1ns);
  EXPECT_THAT(keeper.results, ElementsAre(Result::no_answer));
  open_gate();
  EXPECT_TRUE(comes_alone(peer));
}

TEST_F(ProberTest, BytesFromBeforeTheRequestAreNoAnswer) {
  gate_is_open = false;
  const Fd peer = save();
  pass(30s);
  answer(peer);
  open_gate();
  settle();
  EXPECT_FALSE(is_asked(peer));
  EXPECT_EQ(prober->count(), 0U);
  EXPECT_THAT(keeper.results, IsEmpty());
  EXPECT_TRUE(has()) << "whether its input is allowed is for others to decide";
}

TEST_F(ProberTest, SilenceEndsAtTheTimeLimit) {
  const Fd peer = save();
  pass(30s);
  ASSERT_TRUE(is_asked(peer));
  answer(peer, "+PO");
  settle();
  pass(2s - 1ns);
  EXPECT_THAT(keeper.results, IsEmpty());
  pass(1ns);
  EXPECT_THAT(keeper.results, ElementsAre(Result::no_answer));
  EXPECT_TRUE(comes_alone(peer));
}

TEST_F(ProberTest, AnAnswerThatComesTooLateBelongsToNobody) {
  const Fd first = save();
  pass(30s);
  ASSERT_TRUE(is_asked(first));
  // The thread reads it, but the time limit comes first.
  answer(first);
  clock.advance(2s);
  loop.turn(Loop::Wait::poll);
  const Fd second = save();
  pass(30s);
  ASSERT_TRUE(is_asked(second));
  settle();
  EXPECT_EQ(prober->count(), 1U);
  answer(second);
  ASSERT_TRUE(end(2));
  EXPECT_EQ(keeper.results.back(), Result::passed);
}

TEST_F(ProberTest, OnlySocketsOfMatchingEndpointsAreProbed) {
  const Fd other = save("smtp");
  Ends pipe = pipe_pair();
  const Fd end = save_ends("redis", kAlice, 1h, std::move(pipe), DescriptorKind::pipe);
  const Fd brief = save("redis", kAlice, 30s);
  pass(1h - 1s);
  EXPECT_EQ(prober->count(), 0U);
  EXPECT_TRUE(has("smtp"));
}

TEST_F(ProberTest, ARuleThatIsGoneHoldsNoMore) {
  const Fd peer = save();
  keeper.probes = false;
  pass(30s);
  EXPECT_EQ(prober->count(), 0U);
  EXPECT_TRUE(has());
}

TEST_F(ProberTest, AConnectionThatIsOverIsNotAsked) {
  Fd peer = save();
  peer.reset();
  pass(30s);
  EXPECT_EQ(cache.held(), 0U);
  EXPECT_THAT(departures, ElementsAre(Departure::dead));
  EXPECT_THAT(keeper.results, IsEmpty());
}

TEST_F(ProberTest, AConnectionWithInputIsNotAsked) {
  const Fd peer = save();
  answer(peer, "220 hello\r\n");
  pass(30s);
  EXPECT_EQ(prober->count(), 0U);
  EXPECT_TRUE(has());
  EXPECT_EQ(receive_with(peer.get()).size, -1);
}

TEST_F(ProberTest, AtOnceThereAreNoMoreThanItsLimit) {
  std::vector<Fd> peers;
  for (std::size_t i = 0; i <= Prober::kProbes; ++i) {
    peers.push_back(save("redis" + std::to_string(i)));
  }
  pass(30s);
  EXPECT_EQ(prober->count(), Prober::kProbes);
  EXPECT_TRUE(has("redis" + std::to_string(Prober::kProbes)));
  ASSERT_TRUE(is_asked(peers[0]));
  answer(peers[0]);
  ASSERT_TRUE(end());
  settle();
  EXPECT_EQ(prober->count(), Prober::kProbes - 1) << "the last was used a moment ago";
}

TEST_F(ProberTest, ManyConnectionsAreProbedInTurn) {
  std::vector<Fd> peers;
  for (std::size_t i = 0; i < 200; ++i) peers.push_back(save("redis" + std::to_string(i)));
  clock.advance(30s);
  EXPECT_TRUE(comes_true([&] {
    settle();
    for (const Fd& peer : peers) {
      if (receive_with(peer.get()).size > 0) answer(peer);
    }
    return keeper.results.size() == peers.size();
  })) << "without any time";
  EXPECT_THAT(keeper.results, Each(Result::passed));
}

// The number of the connections of an endpoint, and of those that are probed at once.
struct Part {
  std::size_t connections;
  std::size_t probed;
};
class ProberParts : public ProberTest, public ::testing::WithParamInterface<Part> {};

TEST_P(ProberParts, HalfOfTheConnectionsOfAnEndpointAreFoundMeanwhile) {
  std::vector<Fd> peers;
  for (std::size_t i = 0; i < GetParam().connections; ++i) peers.push_back(save());
  peers.push_back(save("redis of another endpoint"));
  pass(30s);
  EXPECT_EQ(prober->count(), GetParam().probed + 1);
  EXPECT_EQ(cache.connections_of("redis"), GetParam().connections - GetParam().probed);
  // The others follow.
  for (std::size_t rounds = 0; keeper.results.size() < peers.size(); ++rounds) {
    ASSERT_LT(rounds, peers.size());
    for (const Fd& peer : peers) {
      if (is_asked(peer)) answer(peer);
    }
    settle();
    pass(Prober::kRetry);
  }
  EXPECT_THAT(keeper.results, Each(Result::passed));
}

INSTANTIATE_TEST_SUITE_P(All, ProberParts,
                         ::testing::Values(Part{1, 1}, Part{2, 1}, Part{3, 1}, Part{4, 2},
                                           Part{5, 2}, Part{20, 10}),
                         [](const auto& of) { return std::to_string(of.param.connections); });

TEST_F(ProberTest, AConnectionThatIsCancelledIsNotReturned) {
  const Fd peer = save();
  const Fd other = save("redis of another endpoint");
  const auto cancel = [&] {
    return prober->cancel(
        [](const ConnectionRecord& connection) { return connection.endpoint == "redis"; });
  };
  EXPECT_EQ(cancel(), 0U) << "it is not being probed";
  EXPECT_TRUE(has());
  pass(30s);
  ASSERT_TRUE(is_asked(peer));
  answer(peer);
  EXPECT_EQ(cancel(), 1U);
  EXPECT_THAT(departures, ElementsAre(Departure::withdrawn));
  EXPECT_EQ(prober->count(), 1U);
  EXPECT_EQ(cache.held(), 1U);
  settle();
  EXPECT_THAT(keeper.results, IsEmpty());
}

TEST_F(ProberTest, WithoutDescriptorsTheConnectionStays) {
  const Fd peer = save();
  {
    const FewDescriptors few{0};
    pass(30s);
    EXPECT_EQ(prober->count(), 0U);
  }
  EXPECT_TRUE(has());
  pass(30s);
  EXPECT_EQ(prober->count(), 1U);
}

TEST_F(ProberTest, AtItsEndTheConnectionsThatAreProbedLeave) {
  const Fd probed = save();
  const Fd idle = save("smtp");
  pass(30s);
  ASSERT_TRUE(is_asked(probed));
  stop();
  EXPECT_EQ(cache.held(), 1U);
  EXPECT_TRUE(comes_alone(probed));
  EXPECT_FALSE(is_left_alone(idle));
}

}  // namespace
}  // namespace scache::test
