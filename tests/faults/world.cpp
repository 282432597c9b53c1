// SPDX-License-Identifier: Apache-2.0
#include "faults/world.hpp"

#include <sys/un.h>

#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "faults/postfix_requests.hpp"
#include "support/hand_out_rule.hpp"
#include "support/rooms.hpp"

namespace scache::test {
namespace {

// In the abstract name space: nothing to remove.
sockaddr_un name_of_socket() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "scache-faults-" + std::to_string(::getpid());
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  return address;
}

Fd listening_socket() {
  const sockaddr_un address = name_of_socket();
  Fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(socket.get(), 100), 0);
  return socket;
}

}  // namespace

World::World(const Settings& settings)
    : loop_{std::make_unique<Loop>(clock.reader())},
      listening_{listening_socket()},
      service_{{.limits = {.connections = settings.connections},
                .listening = {ListeningAddress{listening_.get()}}},
               closer_,
               log},
      server_{std::make_unique<Server>(*loop_, closer_, service_, log,
                                       Server::Settings{.clients = settings.clients,
                                                        .max_idle = {},
                                                        .first_request = {},
                                                        .idle_too_long = {}})} {
  ledger.evicts = settings.connections < Settings{}.connections;
  log.set_verbose(settings.verbose);
  // Some connections of the ledger have input.
  service_.hand_out(hand_out_of("*", {.allow_input = true}));
  start();
  descriptors_ = open_descriptors();
}

World::~World() = default;

void World::start() {
  // Without memory for that a server does not start at all.
  std::optional<Guarded> guarded;
  if (faults.fault.call != Call::allocate) guarded.emplace();
  server_->accept_from(listening_.get(), policy_);
}

void World::end_server() {
  const Guarded guarded;
  server_.reset();
}

Visitor& World::invite(std::vector<Visitor::Request> requests) {
  visitors_.push_back(std::make_unique<Visitor>([this] { return connect(); }, clock.reader(),
                                                ledger, std::move(requests)));
  return *visitors_.back();
}

Fd World::connect() {
  const sockaddr_un address = name_of_socket();
  Fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
            0);
  return socket;
}

void World::settle() {
  // A wait that fails for ever is no sleep; the server must live through it, and no more.
  const bool no_sleep = faults.fault.call == Call::wait && faults.fault.nth > 0 &&
                        faults.fault.lasts == Lasts::from_then_on;
  const Guarded guarded;
  for (unsigned turns = 0; turns < kMostTurns; ++turns) {
    loop_->turn(Loop::Wait::block);
    if (faults.would_sleep) {
      if (closer_.is_idle()) return;
      // A client's own stream that it has saved keeps that client there until it is closed.
      const Unguarded unguarded;
      EXPECT_TRUE(comes_true([this] { return closer_.is_idle(); }));
    }
    if (no_sleep && faults.failed > 0 && turns > 10) return;
  }
  const Unguarded unguarded;
  ADD_FAILURE() << "the server does not come to rest";
}

void World::run() {
  bool news = true;
  for (unsigned rounds = 0; news && rounds < kMostRounds; ++rounds) {
    settle();
    news = false;
    for (const auto& visitor : visitors_) news = visitor->go_on() || news;
  }
  EXPECT_FALSE(news) << "the visitors do not come to rest";
}

void World::pass(Duration time) {
  for (; time > Duration::zero(); time -= kStep) {
    clock.advance(kStep);
    run();
  }
}

bool World::all_done() const {
  for (const auto& visitor : visitors_) {
    if (!visitor->done()) return false;
  }
  return true;
}

unsigned World::interruptions() const {
  unsigned count = 0;
  for (const auto& visitor : visitors_) count += visitor->interruptions;
  return count;
}
unsigned World::refusals() const {
  unsigned count = 0;
  for (const auto& visitor : visitors_) count += visitor->refusals;
  return count;
}

void World::audit() {
  // A newcomer finds everything that was saved, in as many lookups as there were saves, and one
  // more that must find nothing.
  std::vector<std::string> endpoints;
  for (std::size_t i = 0; i < ledger.size(); ++i) endpoints.push_back(ledger.at(i).endpoint);
  std::vector<Visitor::Request> requests;
  for (const std::string& endpoint : endpoints) requests.push_back(find(endpoint));
  for (const Bound& bound : ledger.bindings()) {
    if (!bound.certain) continue;
    requests.push_back(save(bound.endpoint));
    requests.push_back(find_by_destination(bound.destination));
    requests.push_back(find(bound.endpoint));
  }
  requests.push_back(ask(find_endp("nothing"), {kNoEndpoint}));
  const Visitor& newcomer = invite(std::move(requests));
  run();
  EXPECT_TRUE(newcomer.done()) << "a newcomer is not served";
  EXPECT_EQ(newcomer.interruptions, 0U);
  EXPECT_EQ(newcomer.refusals, 0U);
  for (std::size_t i = 0; i < ledger.size(); ++i) {
    EXPECT_FALSE(ledger.at(i).certain())
        << ledger.at(i).properties.substr(0, 10) << " of " << ledger.at(i).endpoint << " is lost";
  }

  EXPECT_EQ(server_->clients(), 0U);
  clock.advance(std::chrono::seconds{200});
  settle();
  EXPECT_EQ(cache().held(), 0U);
  EXPECT_EQ(cache().endpoints(), 0U);
  EXPECT_EQ(cache().bindings(), 0U);
  EXPECT_EQ(cache().destinations(), 0U);
  EXPECT_EQ(cache().bytes(), 0U);
  // Nobody but the server can have held these; some are closed by its thread.
  for (std::size_t i = 0; i < ledger.size(); ++i) {
    EXPECT_TRUE(comes_true([&] { return is_left_alone(ledger.at(i).peer); }))
        << ledger.at(i).properties.substr(0, 10) << " is still held by somebody";
    ledger.at(i).peer.reset();
  }
  EXPECT_TRUE(comes_true([&] { return open_descriptors() == descriptors_; }))
      << descriptors_ << " descriptors before, " << open_descriptors() << " after";
}

}  // namespace scache::test
