#include "faults/play.hpp"

#include <algorithm>
#include <cstdlib>

namespace scache::test {
namespace {

constexpr Duration kLongest = std::chrono::seconds{5};
constexpr Duration kShortTtl = std::chrono::seconds{3};

std::string half_of(const std::string& request) {
  return request.substr(0, request.size() / 2);
}

void invite_everybody(World& world, Weather weather) {
  const std::size_t large = weather == Weather::fair ? 20'000 : 200;
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
    if (saved.endpoint != "e.short" || saved.state == Saved::State::taken) continue;
    saved.state = Saved::State::expired;
  }
}

void perform_once(const Play& play) {
  World world{play.settings};
  invite_everybody(world, play.weather);
  world.run();
  wait_for_all(world);
  let_short_ones_expire(world);
  if (play.fault.lasts == Lasts::from_then_on) {
    // Some are closed by the server's thread.
    EXPECT_TRUE(comes_true(
        [&] { return world.descriptors_opened() <= world.descriptors_of_visitors() + 1; }))
        << world.descriptors_opened() << " for " << world.descriptors_of_visitors();
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

Faults perform(const Play& play) {
  SCOPED_TRACE(describe(play.fault));
  const std::size_t descriptors = open_descriptors();
  const std::size_t allocations = live_allocations();
  faults = Faults{.fault = play.fault, .weather = play.weather};
  perform_once(play);
  EXPECT_TRUE(comes_true([&] { return open_descriptors() == descriptors; }));
  if (::testing::Test::HasFailure()) return faults;
  EXPECT_TRUE(comes_true([&] { return live_allocations() == allocations; }))
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
  ::testing::Test::RecordProperty("performances", std::to_string(count));
}

}  // namespace scache::test
