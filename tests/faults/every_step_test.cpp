// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <string>

#include "faults/exchange.hpp"
#include "faults/postfix_requests.hpp"
#include "faults/world.hpp"
#include "support/rooms.hpp"

// Clients that go, stall or hesitate before every byte of every exchange. Everything is sent byte
// by byte, and the server has its turn after each.

namespace scache::test {
namespace {

// What the exchange needs is in the cache.
void prepare(World& world, const Exchange& exchange) {
  if (exchange.found_after == 0) return;
  world.invite({save("e"), bind("d", "e")});
  world.run();
}

// A client in the middle of an exchange, and what it has sent of it.
class Walker {
 public:
  Walker(World& world, const Exchange& exchange)
      : world_{world}, exchange_{exchange}, client_{world.connect()} {
    if (exchange.saved_after > 0) fd_ = world.ledger.make("e");
    world_.settle();
  }

  // Sends up to there, byte by byte, and reads whatever comes if it is one that reads.
  void walk_to(std::size_t end, bool reads = true) {
    for (; at_ < end; ++at_) {
      const Part* part = &exchange_.part_of(at_);
      // A descriptor comes with the first byte of its part.
      const bool first = at_ == 0 || part != &exchange_.part_of(at_ - 1);
      const std::string byte = exchange_.bytes().substr(at_, 1);
      if (part->with_descriptor && first) {
        client_.send(byte, {fd_.get()});
        // The server's copy is the last one.
        fd_.reset();
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
    EXPECT_EQ(exchange_.in_words(answers_), exchange_.answers_to(at_));
  }
  std::size_t at() const { return at_; }
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
  if (exchange.saved_after > 0) {
    saved.state =
        at >= exchange.size_of(exchange.saved_after) ? Saved::State::kept : Saved::State::refused;
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
        prepare(world, exchange);
        {
          Walker walker{world, exchange};
          walker.walk_to(end, reads);
          note_end(world, exchange, end);
          act(world, walker);
        }
        world.settle();
        world.audit();
      }
      EXPECT_TRUE(comes_to(descriptors));
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
    // What it could not be told of is cached no longer.
    ::shutdown(walker.client().descriptor(), SHUT_RD);
    walker.walk_to(exchange.size());
    somebody_else_is_served(world);
    walker.client().leave();
    world.settle();
  });
}

TEST_P(EveryStep, AClientStalls) {
  const Exchange& exchange = GetParam();
  at_every_step([&](World& world, Walker& walker) {
    somebody_else_is_served(world);
    world.pass(World::kTimeLimit - World::kStep);
    EXPECT_EQ(world.server().clients(), 1U);
    world.pass(World::kStep);
    const bool within = exchange.is_within(walker.at());
    EXPECT_EQ(walker.client().sees_end(), within);
    EXPECT_EQ(world.server().clients(), within ? 0U : 1U);
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
  const std::size_t first = exchange.direct ? exchange.size_of(1) : 0;
  faults = {};
  World world;
  prepare(world, exchange);
  {
    Walker walker{world, exchange};
    walker.walk_to(first);
    for (std::size_t at = 1; first + at <= exchange.size(); ++at) {
      walker.walk_to(first + at);
      if (at < 12) world.pass(World::kStep);
    }
    EXPECT_TRUE(walker.client().sees_end());
    if (exchange.saved_after > 0) world.ledger.at(0).state = Saved::State::refused;
  }
  world.audit();
}

INSTANTIATE_TEST_SUITE_P(OfPostfix, EveryStep, ::testing::ValuesIn(postfix_exchanges()),
                         [](const auto& instance) { return std::string{instance.param.name}; });
INSTANTIATE_TEST_SUITE_P(Direct, EveryStep, ::testing::ValuesIn(direct_exchanges()),
                         [](const auto& instance) { return std::string{instance.param.name}; });

}  // namespace
}  // namespace scache::test
