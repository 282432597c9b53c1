// SPDX-License-Identifier: Apache-2.0
#include "faults/play.hpp"

#include <algorithm>
#include <cstdlib>

#include "faults/direct_requests.hpp"
#include "faults/postfix_requests.hpp"
#include "support/rooms.hpp"

namespace scache::test {
namespace {

constexpr Duration kLongest = std::chrono::seconds{5};
constexpr std::chrono::seconds kShortTtl{3};
constexpr std::chrono::seconds kLongTtl{100};

std::string half_of(const std::string& request) {
  return request.substr(0, request.size() / 2);
}

// Bytes of properties that are more than the usual.
std::size_t large_in(Weather weather) {
  return weather == Weather::fair ? 20'000 : 200;
}

void invite_all_of_postfix(World& world, Weather weather) {
  const std::size_t large = large_in(weather);
  const std::string bad_lookup = list({"status", "1", "property", ""});
  world.invite({
      find_by_destination("a.dest"),
      find("a.endp"),
      bind("a.dest", "a.endp"),
      save("a.endp"),
      find_by_destination("a.dest"),
      bind("a.dest", "a.endp"),
      save("a.endp"),
      save("a.endp"),
      find("a.endp", "nothing"),
      bind("a.dest", "a.other"),
  });
  world.invite({
      ask(find_endp("b") + save_dest("b", "p", "b") + find_dest("b") + find_endp("b"),
          {kNoEndpoint, kSaved, kNoDestination, kNoEndpoint}),
      save("b.endp", "100", large),
      save("b.endp", "100", large),
      find("b.endp"),
  });
  world.invite({
      ask(list({"request", "frob", "a", "b"}), {kBad}),
      ask(list({"request", "find_endp"}), {bad_lookup}),
      ask(strings({"stray"}) + find_endp("nothing"), {kNoEndpoint}),
      save_two("c.endp"),
      save_itself("c.endp"),
      save("c.endp"),
      find_and_talk_nonsense("c.endp"),
      find("c.endp"),
  });
  world.invite({
      leave_after(half_of(find_endp("d.endp"))),
      leave_after(save_endp("d.endp", "p")),
      save("d.endp"),
      leave_after(find_endp("d.endp")),
      leave_after(find_endp("d.endp") + kDummy),
  });
  world.invite({
      save("e.short", "2"),
      stall_after(half_of(save_dest("e", "p", "e"))),
      stall_after(save_endp("e.endp", "p")),
      save("e.endp"),
      find_and_stall("e.endp"),
  });
}

void invite_all_direct(World& world, Weather weather) {
  const std::size_t large = large_in(weather);
  world.invite({
      find_directly_by_destination("f.dest"),
      bind_directly("f.dest", "f.endp"),
      save_directly("f.endp", "f.dest"),
      find_directly_by_destination("f.dest"),
      bind_directly("f.dest", "f.endp"),
      save_directly("f.endp"),
      save_directly("f.endp"),
      find_directly("f.endp"),
      bind_directly("f.dest", "f.other"),
  });
  world.invite({
      save_directly("g.endp", {}, kLongTtl, large),
      save_directly("g.endp", {}, kLongTtl, large),
      save_directly("g.endp"),
      list_directly("g.endp", 1),
      list_directly("g.endp", 100),
      find_directly("g.endp", 4),
  });
  world.invite({
      ask_directly(),
      save_two_directly("h.endp"),
      save_two_in_turn("h.endp"),
      save_itself_directly("h.endp"),
      drop_and_cancel(),
      save_directly("h.x1", "h.xd"),
      save_directly("h.x2"),
      drop_prefix("h.x"),
      find_nothing_directly("h.x1"),
      find_nothing_directly("h.xd"),
      save_directly("h.endp", "h.dest"),
      drop_destination("h.dest"),
      find_nothing_directly("h.dest"),
      save_directly("h.gone"),
      drop_endpoint("h.gone"),
      find_nothing_directly("h.gone"),
  });
  world.invite({
      leave_directly_after(half_of(find_frame(1, "i.endp"))),
      save_half_and_leave("i.endp"),
      save_directly_and_leave("i.other"),
      save_directly("i.endp"),
      leave_directly_after(find_frame(1, "i.endp")),
      leave_directly_after({}),
  });
  world.invite({
      save_directly("j.short", {}, kShortTtl - std::chrono::seconds{1}),
      stall_directly_after(half_of(find_frame(1, "j.endp"))),
      save_half_and_stall("j.endp"),
  });
}

// Waits until the visitors are done, as far as they can.
void wait_for_all(World& world) {
  for (Duration waited{}; waited < kLongest && !world.all_done(); waited += World::kStep) {
    world.pass(World::kStep);
  }
}

void let_short_ones_expire(World& world) {
  world.pass(kShortTtl);
  for (std::size_t i = 0; i < world.ledger.size(); ++i) {
    Saved& saved = world.ledger.at(i);
    if (!saved.endpoint.ends_with(".short") || saved.state == Saved::State::taken) continue;
    saved.state = Saved::State::gone;
  }
}

void perform_once(const Play& play) {
  World world{play.settings};
  if (play.who != Who::direct) invite_all_of_postfix(world, play.weather);
  if (play.who != Who::of_postfix) invite_all_direct(world, play.weather);
  world.run();
  wait_for_all(world);
  let_short_ones_expire(world);
  if (play.fault.lasts == Lasts::from_then_on) {
    // Some are closed by the server's thread.
    EXPECT_TRUE(comes_true([&] {
      return world.descriptors_opened() <= world.descriptors_of_visitors() + 1;
    })) << world.descriptors_opened()
        << " for " << world.descriptors_of_visitors();
    faults.lift();
    wait_for_all(world);
    let_short_ones_expire(world);
  } else {
    EXPECT_LE(world.interruptions(), play.interruptions);
    EXPECT_LE(world.refusals(), play.refusals);
  }
  EXPECT_TRUE(world.all_done()) << "somebody is not served";
  faults.lift();
  world.audit();
}

}  // namespace

std::string name_of(Who who) {
  switch (who) {
    case Who::of_postfix:
      return "of_postfix";
    case Who::direct:
      return "direct";
    case Who::both:
      break;
  }
  return "both";
}

Faults perform(const Play& play) {
  SCOPED_TRACE(describe(play.fault));
  const std::size_t descriptors = open_descriptors();
  const std::size_t allocations = live_allocations();
  faults = Faults{.fault = play.fault, .weather = play.weather};
  perform_once(play);
  EXPECT_TRUE(comes_true([&] { return open_descriptors() == descriptors; }));
  if (::testing::Test::HasFailure()) return faults;
  // Threads of the world before may have ended since.
  EXPECT_TRUE(comes_true([&] { return live_allocations() <= allocations; }))
      << live_allocations() - allocations << " allocations are left";
  return faults;
}

std::size_t rounds() {
  const char* text = std::getenv("SCACHE_ROUNDS");
  const long number = text == nullptr ? 1 : std::strtol(text, nullptr, 10);
  return static_cast<std::size_t>(std::max(number, 1L));
}

void perform_for_every_call(Play play, std::size_t most) {
  const Fault fault = play.fault;
  play.fault.nth = 0;
  // Whatever the libraries keep for good, they have after the first time.
  perform(play);
  const std::size_t calls = perform(play).count(fault.call);
  ASSERT_GT(calls, 0U);
  play.fault = fault;
  const std::size_t step = calls / std::min(calls, most);
  std::size_t count = 0;
  for (std::size_t nth = 1; nth <= calls; nth += step, ++count) {
    play.fault.nth = nth;
    perform(play);
    if (::testing::Test::HasFailure()) return;
  }
  ::testing::Test::RecordProperty("performances_" + name_of(play.who), std::to_string(count));
}

}  // namespace scache::test
