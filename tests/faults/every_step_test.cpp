#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "faults/world.hpp"

// Clients that go, stall or hesitate before every byte of every exchange. Everything is sent byte
// by byte, and the server has its turn after each.

namespace scache::test {
namespace {

// One side of an exchange: what the client sends, and what it is answered after each part.
struct Part {
  std::string bytes;
  bool with_descriptor = false;
  std::string answer;
};

struct Exchange {
  const char* name;
  std::vector<Part> parts;
  // It saves a connection under "e"; or finds the one that is there: whose descriptor is on its way
  // after so many parts.
  bool saves = false;
  std::size_t found_after = 0;

  std::size_t size() const { return size_of(parts.size()); }
  // Bytes of the first parts.
  std::size_t size_of(std::size_t count) const {
    std::size_t size = 0;
    for (std::size_t i = 0; i < count; ++i) size += parts[i].bytes.size();
    return size;
  }
  void prepare(World& world) const {
    if (found_after == 0) return;
    world.invite({save("e"), bind("d", "e")});
    world.run();
  }
};

std::ostream& operator<<(std::ostream& out, const Exchange& exchange) {
  return out << exchange.name;
}

std::vector<Exchange> exchanges() {
  // The ledger calls its first connection p0.
  return {
      {"find_endp_without_a_hit", {{find_endp("nothing"), false, kNoEndpoint}}},
      {"find_dest_without_a_hit", {{find_dest("nothing"), false, kNoDestination}}},
      {"save_dest", {{save_dest("d", "of d", "e"), false, kSaved}}},
      {"save_endp", {{save_endp("e", "p0"), false, kDummy}, {kByte, true, kSaved}}, true},
      {"find_endp",
       {{find_endp("e"), false, endpoint_hit("p0")}, {kDummy, false, kByte}, {kDummy, false, ""}},
       false,
       2},
      {"find_dest",
       {{find_dest("d"), false, destination_hit("of d", "p0")},
        {kDummy, false, kByte},
        {kDummy, false, ""},
        {find_endp("nothing"), false, kNoEndpoint}},
       false,
       2},
      {"a_bad_request",
       {{list({"request", "find_endp"}), false, list({"status", "1", "property", ""})}}},
  };
}

// A client in the middle of an exchange, and what it has sent of it.
class Walker {
 public:
  Walker(World& world, const Exchange& exchange)
      : world_{world}, exchange_{exchange}, client_{world.connect()} {
    if (exchange.saves) fd_ = world.ledger.make("e");
    world_.settle();
  }

  // Sends up to there, byte by byte, and reads whatever comes if it is one that reads.
  void walk_to(std::size_t end, bool reads = true) {
    for (; at_ < end; ++at_) {
      std::size_t in_part = at_;
      std::size_t part = 0;
      while (in_part >= exchange_.parts[part].bytes.size()) {
        in_part -= exchange_.parts[part++].bytes.size();
      }
      const std::string byte = exchange_.parts[part].bytes.substr(in_part, 1);
      if (exchange_.parts[part].with_descriptor) {
        client_.send(byte, {fd_.get()});
      } else {
        client_.send(byte);
      }
      world_.settle();
      if (reads) answers_ += client_.read();
    }
  }
  // Whether every answer so far is the right one.
  void check_answers() {
    answers_ += client_.read();
    std::string wanted = kGreeting;
    for (std::size_t i = 0; i < exchange_.parts.size(); ++i) {
      if (at_ >= exchange_.size_of(i + 1)) wanted += exchange_.parts[i].answer;
    }
    EXPECT_EQ(answers_, wanted);
  }
  std::size_t at() const { return at_; }
  // Whether the server is waiting for the rest of something: not between two exchanges.
  bool is_within() const {
    const std::size_t found = exchange_.found_after;
    if (found > 0 && at_ == exchange_.size_of(found + 1)) return false;
    return at_ > 0 && at_ < exchange_.size();
  }
  SocketClient& client() { return client_; }

 private:
  World& world_;
  const Exchange& exchange_;
  SocketClient client_;
  Fd fd_;
  std::string answers_;
  std::size_t at_ = 0;
};

// What becomes of the connection that the exchange is about, when the client got that far.
void note_end(World& world, const Exchange& exchange, std::size_t at) {
  if (world.ledger.size() == 0) return;
  Saved& saved = world.ledger.at(0);
  if (exchange.saves) {
    saved.state = at == exchange.size() ? Saved::State::kept : Saved::State::refused;
  } else if (exchange.found_after > 0 && at >= exchange.size_of(exchange.found_after)) {
    saved.state = Saved::State::taken;
  }
}

class EveryStep : public ::testing::TestWithParam<Exchange> {
 protected:
  // Calls `act` with a client that stands before the n-th byte, for every n, and once after the
  // last; somebody else is served after that, nothing is lost and nothing is left.
  void at_every_step(const std::function<void(World&, Walker&)>& act, bool reads = true) {
    const Exchange& exchange = GetParam();
    for (std::size_t end = 0; end <= exchange.size(); ++end) {
      SCOPED_TRACE(end);
      faults = {};
      const std::size_t descriptors = open_descriptors();
      {
        World world;
        exchange.prepare(world);
        {
          Walker walker{world, exchange};
          walker.walk_to(end, reads);
          note_end(world, exchange, end);
          act(world, walker);
        }
        world.settle();
        world.audit();
      }
      EXPECT_EQ(open_descriptors(), descriptors);
      if (HasFailure()) return;
    }
  }

  // Somebody else's lookup is answered at once.
  static void somebody_else_is_served(World& world) {
    SocketClient other{world.connect()};
    world.settle();
    other.send(find_endp("nothing"));
    world.settle();
    EXPECT_EQ(other.read(), kGreeting + kNoEndpoint);
  }
};

TEST_P(EveryStep, AClientLeaves) {
  at_every_step([](World& world, Walker& walker) {
    walker.check_answers();
    walker.client().leave();
    world.settle();
    EXPECT_EQ(world.server().clients(), 0U);
  });
}

TEST_P(EveryStep, AClientLeavesWithoutHavingReadAnything) {
  at_every_step(
      [](World& world, Walker& walker) {
        walker.client().leave();
        world.settle();
        EXPECT_EQ(world.server().clients(), 0U);
      },
      false);
}

TEST_P(EveryStep, AClientSaysThatItWillSendNoMore) {
  at_every_step([](World& world, Walker& walker) {
    ::shutdown(walker.client().descriptor(), SHUT_WR);
    world.settle();
    EXPECT_TRUE(walker.client().sees_end());
    EXPECT_EQ(world.server().clients(), 0U);
  });
}

TEST_P(EveryStep, AClientGoesDeaf) {
  const Exchange& exchange = GetParam();
  at_every_step([&](World& world, Walker& walker) {
    // What was sent to deaf ears is not lost, and who has been answered once may give.
    if (exchange.saves && walker.at() >= exchange.size_of(1)) {
      world.ledger.at(0).state = Saved::State::kept;
    }
    ::shutdown(walker.client().descriptor(), SHUT_RD);
    walker.walk_to(exchange.size());
    somebody_else_is_served(world);
    walker.client().leave();
    world.settle();
  });
}

TEST_P(EveryStep, AClientStalls) {
  at_every_step([](World& world, Walker& walker) {
    somebody_else_is_served(world);
    world.pass(World::kTimeLimit - World::kStep);
    EXPECT_EQ(world.server().clients(), 1U);
    world.pass(World::kStep);
    EXPECT_EQ(walker.client().sees_end(), walker.is_within());
    EXPECT_EQ(world.server().clients(), walker.is_within() ? 0U : 1U);
  });
}

TEST_P(EveryStep, AClientHesitates) {
  const Exchange& exchange = GetParam();
  at_every_step([&](World& world, Walker& walker) {
    world.pass(World::kTimeLimit - World::kStep);
    walker.walk_to(exchange.size());
    note_end(world, exchange, exchange.size());
    walker.check_answers();
    EXPECT_FALSE(walker.client().sees_end());
  });
}

// One byte after the other, none of them long after the one before.
TEST_P(EveryStep, AClientDrips) {
  const Exchange& exchange = GetParam();
  faults = {};
  World world;
  exchange.prepare(world);
  {
    Walker walker{world, exchange};
    for (std::size_t at = 1; at <= exchange.size(); ++at) {
      walker.walk_to(at);
      if (at < 12) world.pass(World::kStep);
    }
    EXPECT_TRUE(walker.client().sees_end());
    if (exchange.saves) world.ledger.at(0).state = Saved::State::refused;
  }
  world.audit();
}

INSTANTIATE_TEST_SUITE_P(All, EveryStep, ::testing::ValuesIn(exchanges()),
                         [](const auto& instance) { return std::string{instance.param.name}; });

}  // namespace
}  // namespace scache::test
