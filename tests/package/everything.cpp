// SPDX-License-Identifier: Apache-2.0
// Everything that libscache does, once, with a real server: `everything SOCKET direct|postfix`.

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <scache/async_client.hpp>
#include <scache/client.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using scache::ErrorCode;

void require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::exit(1);
}
#define REQUIRE(condition) require(static_cast<bool>(condition), #condition)

template <typename T>
ErrorCode code_of(const scache::Result<T>& result) {
  return result ? ErrorCode{} : result.error().code;
}

// A connection, and its other end.
struct Ends {
  scache::Connection connection;
  scache::Descriptor other;
};

Ends connect(std::string endpoint, std::string properties) {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  return {{.descriptor = scache::Descriptor{ends[0]},
           .endpoint = std::move(endpoint),
           .endpoint_properties = std::move(properties)},
          scache::Descriptor{ends[1]}};
}

bool reaches(const scache::Connection& connection, const Ends& ends) {
  char byte = 0;
  return ::write(connection.descriptor.get(), "x", 1) == 1 &&
         ::read(ends.other.get(), &byte, 1) == 1 && byte == 'x';
}

void find_and_save(scache::Client& cache, bool direct) {
  REQUIRE(!*cache.find_endpoint("e"));
  REQUIRE(!*cache.find_destination("d"));

  Ends ends = connect("e", "ep");
  const auto saved = cache.save(ends.connection, {.ttl = 100s, .bindings = {{"d", "dp"}, {"d2"}}});
  REQUIRE(saved && saved->bindings == 2 && (saved->id != 0) == direct);
  REQUIRE(!ends.connection);

  auto found = cache.find_destination("d");
  REQUIRE(found && *found && reaches(*found, ends));
  REQUIRE(found->endpoint_properties == "ep" && found->destination_properties == "dp");
  REQUIRE((::fcntl(found->descriptor.get(), F_GETFD) & FD_CLOEXEC) != 0);
  if (direct) REQUIRE(found->endpoint == "e" && found->id == saved->id && found->uses == 1);

  found->endpoint = "e";
  const auto again = cache.save(*found, {.ttl = 100s});
  REQUIRE(again && again->id == saved->id);
  found = cache.find_endpoint("e");
  REQUIRE(found && *found && reaches(*found, ends));
  if (direct) REQUIRE(found->id == saved->id && found->uses == 2 && found->age >= found->idle);
  REQUIRE(!*cache.find_endpoint("e"));

  const auto bound = cache.bind({"d3", "", 100s}, "e");
  REQUIRE(bound && *bound == (direct ? scache::Bound::created : scache::Bound::unknown));
}

void look_around(scache::Client& cache) {
  std::vector<Ends> ends;
  for (int i = 0; i < 600; ++i) {
    ends.push_back(connect("many " + std::to_string(i), std::string("\0", 1)));
    REQUIRE(cache.save(ends.back().connection, {.ttl = 100s}));
  }
  REQUIRE(cache.list({.bindings = false, .prefix = "many "})->size() == 600);
  const auto page = cache.list_page({.prefix = "many ", .page = 10}, {});
  REQUIRE(page && page->entries.size() <= 10 && page->cursor);
  const auto bindings = cache.list({.connections = false});
  REQUIRE(bindings && bindings->size() == 3);
  REQUIRE(!cache.statistics()->empty());
  REQUIRE(cache.drop_endpoint("many 0")->connections == 1);
  REQUIRE(cache.drop_destination("d")->bindings == 1);
  REQUIRE(cache.drop_prefix("many ")->connections == 599);
  REQUIRE(cache.drop_prefix("")->bindings == 2);
  REQUIRE(cache.list()->empty());
}

void only_direct(scache::Client& cache) {
  REQUIRE(code_of(cache.drop_prefix("")) == ErrorCode::unsupported);
  REQUIRE(code_of(cache.list()) == ErrorCode::unsupported);
  REQUIRE(code_of(cache.statistics()) == ErrorCode::unsupported);
  Ends ends = connect(std::string("\0", 1), "");
  REQUIRE(code_of(cache.save(ends.connection)) == ErrorCode::unsupported && ends.connection);
}

void threads_and_children(scache::Client& cache) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&cache, i] {
      const std::string name = "thread " + std::to_string(i);
      for (int j = 0; j < 50; ++j) {
        Ends ends = connect(name, "");
        REQUIRE(cache.save(ends.connection, {.ttl = 100s}).has_value());
        const auto found = cache.find_endpoint(name);
        REQUIRE(found && *found && reaches(*found, ends));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const pid_t child = ::fork();
  if (child == 0) ::_exit(cache.find_endpoint("nothing").has_value() ? 0 : 1);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child && status == 0);
  REQUIRE(cache.find_endpoint("nothing").has_value());
}

// A connection stays in the cache if this process has no free descriptor for it.
void without_descriptors(scache::Client& cache) {
  Ends first = connect("full", "");
  Ends second = connect("full", "");
  REQUIRE(cache.save(first.connection, {.ttl = 200s}));
  REQUIRE(cache.save(second.connection, {.ttl = 100s}));
  REQUIRE(!*cache.find_endpoint("nothing"));
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const scache::Descriptor lowest{::dup(0)};
  const rlimit lower{static_cast<rlim_t>(lowest.get()) + 1, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &lower);
  // A stream keeps a reserved number after a lookup.
  const auto found = cache.find_endpoint("full");
  REQUIRE(found && reaches(*found, first));
  for (int i = 0; i < 10; ++i) {
    REQUIRE(code_of(cache.find_endpoint("full")) == ErrorCode::no_descriptors);
  }
  ::setrlimit(RLIMIT_NOFILE, &before);
  REQUIRE(reaches(*cache.find_endpoint("full"), second));
}

void in_a_loop(const std::string& path, bool direct) {
  scache::AsyncClient cache{path};
  constexpr std::size_t kMany = 200;
  std::vector<Ends> ends;
  for (std::size_t i = 0; i < kMany; ++i) {
    ends.push_back(connect("loop", ""));
    cache.save(std::move(ends.back().connection), {.ttl = 100s});
  }
  // More than a server sends to a client that does not read.
  for (std::size_t i = 0; i < kMany; ++i) cache.find_endpoint("loop");
  std::size_t found = 0;
  while (cache.under_way() > 0) {
    cache.process();
    while (auto outcome = cache.next_outcome()) {
      if (!direct) {
        REQUIRE(code_of(outcome->answer) == ErrorCode::unsupported);
      } else {
        REQUIRE(outcome->answer.has_value());
        const auto* connection = std::get_if<scache::Connection>(&*outcome->answer);
        if (connection != nullptr && *connection) ++found;
      }
    }
    pollfd state{cache.descriptor(), cache.events(), 0};
    if (cache.under_way() > 0) REQUIRE(::poll(&state, 1, 10'000) == 1);
  }
  REQUIRE(found == (direct ? kMany : 0));
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) return 2;
  const bool direct = std::string_view{words[2]} == "direct";
  scache::Client cache{words[1], {.timeout = 10s}};
  REQUIRE(*cache.protocol() == (direct ? scache::Protocol::direct : scache::Protocol::postfix));
  REQUIRE(cache.ping()->empty() != direct);
  find_and_save(cache, direct);
  direct ? look_around(cache) : only_direct(cache);
  without_descriptors(cache);
  threads_and_children(cache);
  in_a_loop(words[1], direct);
  scache::Client postfix{words[1], {.timeout = 10s, .protocol = scache::Protocol::postfix}};
  Ends ends = connect("p", "");
  REQUIRE(postfix.save(ends.connection, {.ttl = 100s}).has_value());
  REQUIRE(reaches(*cache.find_endpoint("p"), ends));
  std::puts("all of it");
  return 0;
}
