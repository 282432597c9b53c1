// SPDX-License-Identifier: Apache-2.0
#include "session/world.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <utility>

#include "require.hpp"
#include "support/descriptors.hpp"

// The fuzzer's machine has no time: whatever the loop waits for has happened or never will. The
// linker puts the second function in the place of epoll_wait, so that the loop never sleeps and it
// is known whether it would have.
namespace {

// How the loop waited last.
int last_timeout = 0;
int last_events = 0;

}  // namespace

extern "C" int __real_epoll_wait(int epoll, epoll_event* events, int most, int timeout);
extern "C" int __wrap_epoll_wait(int epoll, epoll_event* events, int most, int timeout) {
  last_timeout = timeout;
  last_events = __real_epoll_wait(epoll, events, most, 0);
  return last_events;
}

namespace scache::fuzz {
namespace {

// More turns than any input that is a few kilobytes long can ask for.
constexpr int kMostTurns = 2'000;

// A listening socket of a name that the kernel chooses.
Fd listen_somewhere() {
  Fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto* const name = reinterpret_cast<const sockaddr*>(&address);
  require(::bind(socket.get(), name, sizeof address.sun_family) == 0, "the server has a name");
  require(::listen(socket.get(), World::kBacklog) == 0, "the server listens");
  return socket;
}

ListenPolicy policy_of(const World::Settings& settings) {
  ListenPolicy policy;
  if (settings.small_limits) policy.limits = {.name = 16, .properties = 32, .list = 128};
  policy.time_limit = World::kTimeLimit;
  policy.ttl_limit = World::kTtlLimit;
  policy.announces = settings.announces;
  return policy;
}

CacheLimits cache_limits(bool small) {
  CacheLimits limits;
  limits.connections = World::kConnections;
  if (small) {
    limits.bindings_of_destination = 3;
    limits.connection_bytes = 1'500;
    limits.binding_bytes = 2'000;
    limits.due_of_find = 2;
  }
  return limits;
}

}  // namespace

World::World(const Settings& settings, Closer& closer)
    : listening_{listen_somewhere()},
      upkeep_{settings.upkeep},
      loop_{clock_.reader()},
      service_{{.limits = cache_limits(settings.small_limits),
                .listening = {ListeningAddress{listening_.get()}}},
               closer,
               log_},
      policy_{policy_of(settings)},
      server_{loop_,
              closer,
              service_,
              log_,
              {.clients = kClients,
               .goodbyes = settings.upkeep ? 2U : 0U,
               .max_idle = {},
               .first_request = {},
               .idle_too_long = {}}} {
  if (upkeep_) keep_up();
  log_.set_verbose(settings.verbose);
  server_.accept_from(listening_.get(), policy_);
}

void World::keep_up() {
  service_.say_goodbye([this](std::string_view endpoint) {
    return endpoint.starts_with('e') ? &goodbye_ : nullptr;
  });
  service_.probe(
      [this](std::string_view endpoint) { return endpoint.starts_with('e') ? &probe_ : nullptr; });
}

Fd World::connect() {
  Fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ::getsockname(listening_.get(), generic, &size);
  if (::connect(socket.get(), generic, size) == 0) return socket;
  require(errno == EAGAIN, "a client connects");
  return Fd{};
}

Fd World::connect_narrowly() {
  auto [ours, theirs] = test::socket_pair();
  const int smallest = 0;
  ::setsockopt(ours.get(), SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest);
  server_.adopt(std::move(ours), policy_);
  return std::move(theirs);
}

void World::settle() {
  for (int turn = 0; turn < kMostTurns; ++turn) {
    loop_.turn(Loop::Wait::block);
    const bool would_sleep = last_timeout != 0 && last_events == 0;
    if (would_sleep) return check();
  }
  require(false, "the loop comes to rest");
}

void World::wait(Duration time) {
  clock_.advance(time);
  settle();
}

bool World::somebody_waits() const {
  pollfd waiting{.fd = listening_.get(), .events = POLLIN, .revents = 0};
  return ::poll(&waiting, 1, 0) > 0;
}

bool World::empty() const {
  const Cache& cache = service_.cache();
  return cache.held() == 0 && cache.connections() == 0 && cache.endpoints() == 0 &&
         cache.bindings() == 0 && cache.destinations() == 0 && cache.bytes() == 0;
}

void World::check() const {
  const Cache& cache = service_.cache();
  require(cache.held() <= kConnections, "the cache has a limit");
  require(cache.connections() <= cache.held(), "a claimed connection is held");
  const std::size_t probed = upkeep_ ? cache.held() : 0;
  require(cache.held() - cache.connections() <= server_.clients() + probed, "a client claims one");
  require(cache.endpoints() <= cache.connections(), "an endpoint has a connection");
  require((cache.endpoints() == 0) == (cache.connections() == 0), "a connection has an endpoint");
  require(cache.destinations() <= cache.bindings(), "a destination has a binding");
  require((cache.destinations() == 0) == (cache.bindings() == 0), "a binding has a destination");
  require(empty() == (cache.bytes() == 0), "memory is used for what is there");
  const Instant next = service_.next_deadline();
  // An expired connection waits for a place to say goodbye.
  const Duration patience = upkeep_ ? Expiry::kPatience : Duration{};
  require(after(next, patience) > clock_.now(), "nothing that is due stays");
  require((next == kNever) == (cache.connections() + cache.bindings() == 0), "all has an end");
  require(next == kNever || last_timeout > 0, "the loop will wake when something is due");
}

}  // namespace scache::fuzz
