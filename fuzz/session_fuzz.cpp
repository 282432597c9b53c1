// SPDX-License-Identifier: Apache-2.0
// A server, its clients and the clock, as a script tells (session/script.hpp). Whatever the clients
// do: the server says nothing that is no reply, no descriptor is handed out twice or kept for ever,
// the cache's counts agree, the loop comes to rest, and the next client is served.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "io/closer.hpp"
#include "require.hpp"
#include "session/actor.hpp"
#include "session/cargo.hpp"
#include "session/script.hpp"
#include "session/world.hpp"
#include "support/descriptors.hpp"
#include "support/messages.hpp"
#include "target.hpp"

namespace scache::fuzz {
namespace {

// For what the closer's thread does: at once, unless the machine is busy.
bool comes_true(const auto& condition) {
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > patience) return false;
    std::this_thread::yield();
  }
  return true;
}

class Play {
 public:
  Play(Script& script, Closer& closer)
      : script_{script},
        announces_{!script.has('s')},
        world_{{.verbose = script.has('v'),
                .announces = announces_,
                .small_limits = !script.has('l'),
                .upkeep = script.has('u')},
               closer} {}

  void run() {
    while (const auto command = script_.next()) {
      if (command->what == 'q') return;
      perform(*command);
    }
    end();
  }

  Cargo& cargo() { return cargo_; }

 private:
  // The client of that number; nothing where it cannot come.
  Actor* actor(unsigned number) {
    auto& place = actors_[number];
    if (!place) {
      Fd socket = number % 2 == 0 ? world_.connect() : world_.connect_narrowly();
      if (socket) place.emplace(std::move(socket), announces_, cargo_);
    }
    return place ? &*place : nullptr;
  }

  void perform(const Command& command) {
    if (command.what == 't') return world_.wait(command.wait);
    if (command.what == 'g') return cargo_.desert();
    if (command.what == 'x') return cargo_.reset();
    if (command.what == 'i') return cargo_.speak();
    if (command.what == 'c') {
      actors_[command.client].reset();
    } else if (constexpr std::string_view kOfClient = "sapbrehd";
               !kOfClient.contains(command.what)) {
      return;
    } else if (Actor* const acting = actor(command.client)) {
      act(*acting, command);
    }
    constexpr std::string_view kWithoutTurn = "abe";
    if (!kWithoutTurn.contains(command.what)) world_.settle();
  }

  void act(Actor& acting, const Command& command) {
    switch (command.what) {
      case 's':
      case 'a':
        return acting.send(command.bytes, command.kept_back, {}, world_.listening());
      case 'p':
      case 'b':
        return acting.send(command.bytes, command.kept_back, command.cargo, world_.listening());
      case 'h':
        return acting.stop_sending();
      case 'd':
        return acting.stop_receiving();
      default:
        acting.read();
    }
  }

  // All that can be said is said; then the clients go, and everything expires.
  void end() {
    read_all();
    // Those who wait for a place get theirs when others are sent away, and may do the same.
    for (int waits = 0; world_.somebody_waits(); ++waits) {
      require(waits < World::kBacklog * 2, "everybody has their turn");
      world_.wait(World::kTimeLimit);
    }
    read_all();
    // Who stopped within a request, or does not read, is sent away.
    world_.wait(World::kTimeLimit);
    world_.wait(World::kTimeLimit);
    read_all();
    for (const auto& actor : actors_) {
      if (actor && actor->receives() && !actor->ended()) {
        require(actor->replies().whole(), "a client that stays has whole replies");
      }
    }
    expire();
    serve_another();
    for (auto& actor : actors_) actor.reset();
    world_.settle();
    expire();
    // A client's own stream may have been the last thing cached.
    require(comes_true([&] {
              world_.settle();
              return world_.clients() == 0;
            }),
            "the clients have gone");
    expire();
    require(comes_true([&] { return cargo_.all_left_alone(); }), "nobody holds a descriptor");
  }

  void read_all() {
    world_.settle();
    for (bool any = true; any;) {
      any = false;
      for (auto& actor : actors_) any = (actor && actor->read()) || any;
      world_.settle();
    }
  }

  void expire() {
    world_.wait(World::kTtlLimit);
    world_.wait(World::kTimeLimit);
    world_.wait(World::kTtlLimit);
    require(world_.empty(), "everything expires");
  }

  void serve_another() {
    const Fd socket = world_.connect();
    require(static_cast<bool>(socket), "the next client can connect");
    world_.settle();
    const auto exchange = [&](const std::string& request, const std::string& reply) {
      require(test::send_with(socket.get(), request, {}), "a client can send");
      world_.settle();
      require(test::receive_with(socket.get(), 4'096).bytes == reply, "the next client is served");
    };
    if (announces_) {
      require(test::receive_with(socket.get(), 4'096).bytes == test::kGreeting, "it is greeted");
    }
    exchange(test::find_endp("e"), test::kNoEndpoint);
    exchange(test::save_endp("e", "p"), test::kDummy);
    const Fd pipe = cargo_.make('P');
    cargo_.sent(pipe.get(), true);
    test::send_with(socket.get(), test::kByte, {pipe.get()});
    world_.settle();
    require(test::receive_with(socket.get(), 4'096).bytes == test::kSaved, "it can save");
    exchange(test::find_endp("e"), test::endpoint_hit("p"));
    test::send_with(socket.get(), test::kDummy, {});
    world_.settle();
    const test::Arrived arrived = test::receive_with(socket.get(), 4'096);
    require(arrived.descriptors.size() == 1, "it finds what it has saved");
    cargo_.received(arrived.descriptors.front().get());
    exchange(test::kDummy + test::find_endp("e"), test::kNoEndpoint);
    serve_directly();
  }

  void serve_directly() {
    Fd socket = world_.connect();
    require(static_cast<bool>(socket), "one more can connect");
    Actor another{std::move(socket), announces_, cargo_};
    const auto ask = [&](const std::string& text, std::string_view letters = {}) {
      another.send(text, 0, letters, world_.listening());
      world_.settle();
      require(another.read() && !another.ended(), "the next client is served directly");
    };
    ask(test::list({"request", "direct", "version", "1"}));
    ask("{f1,ee}");
    ask("{s2,ee,pp}", "P");
    ask("{f3,ee}");
    require(another.replies().whole() && another.has_descriptor(), "and finds what it has saved");
  }

  Script& script_;
  bool announces_;
  Cargo cargo_;
  World world_;
  std::array<std::optional<Actor>, Script::kClients> actors_;
};

void run(std::string_view input) {
  // Its thread is started once; it outlives the scripts as it outlives the sessions of a server.
  static Closer closer;
  const std::size_t before = test::open_descriptors();
  Script script{input};
  {
    Play play{script, closer};
    play.run();
  }
  require(comes_true([&] { return test::open_descriptors() == before; }), "no descriptor is lost");
}

}  // namespace
}  // namespace scache::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  scache::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
