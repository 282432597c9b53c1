// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <list>
#include <ostream>

#include "cache/allocations.hpp"
#include "cache/cache_fixture.hpp"
#include "cache/colliding_names.hpp"
#include "cache/reference_cache.hpp"
#include "support/rooms.hpp"

// Random sequences of all operations of a cache, compared with a naive reference: each result, each
// counter, and each departure with its reason and order must agree.
//
// The sequences are the same in every run. The environment variable
// RC_PARAMS="seed=NUMBER max_success=NUMBER max_size=300" selects others, and their number. A
// failing sequence is shortened and printed.

namespace scache::test {
namespace {

enum class What : std::uint8_t {
  save_connection,
  save_binding,
  find_endpoint,
  find_destination,
  commit,
  put_back,
  discard,
  claim_at,
  discard_at,
  expire,
  wait,
  drop_connections,
  drop_bindings,
  walk,
};

// One operation. The meaning of its numbers depends on the operation.
struct Step {
  What what = What::wait;
  std::size_t destination = 0;
  std::size_t endpoint = 0;
  std::size_t properties = 0;
  std::int64_t ticks = 0;
  std::uint32_t owner = 0;
  // The index of a claim, or the number of entries to expire, drop or visit.
  std::size_t number = 0;
  // The verdicts of a walk for successive entries.
  unsigned verdicts = 0;
  // The allocation that fails, counted from 1; 0 is none.
  std::size_t failing = 0;
};

struct Limits {
  std::size_t connections = 0;
  std::size_t connections_of_endpoint = 0;
  std::size_t connections_of_user = 0;
  std::size_t bindings = 0;
  std::size_t bindings_of_destination = 0;
  std::size_t bindings_of_user = 0;
  std::size_t connection_bytes = 0;
  std::size_t binding_bytes = 0;
  std::size_t bytes_of_user = 0;
  std::size_t due_of_find = 0;
  // Whether lookups find the newest connection first, except for the endpoint with an empty name.
  bool newest_first = false;
};

const std::vector<std::string> kNames{"", "a", "b", std::string("a\0b", 3), std::string(200, 'n')};

void showValue(const Step& step, std::ostream& out) {
  static constexpr const char* kWhat[] = {"save_connection",  "save_binding", "find_endpoint",
                                          "find_destination", "commit",       "put_back",
                                          "discard",          "claim_at",     "discard_at",
                                          "expire",           "wait",         "drop_connections",
                                          "drop_bindings",    "walk"};
  out << kWhat[static_cast<std::size_t>(step.what)] << "(d" << step.destination << " e"
      << step.endpoint << " p" << step.properties << " ticks " << step.ticks << " owner "
      << step.owner << " number " << step.number << " verdicts " << step.verdicts << " failing "
      << step.failing << ")";
}

void showValue(const Limits& limits, std::ostream& out) {
  out << "limits(" << limits.connections << " connections, " << limits.connections_of_endpoint
      << " of an endpoint, " << limits.connections_of_user << " of a user, " << limits.bindings
      << " bindings, " << limits.bindings_of_destination << " of a destination, "
      << limits.bindings_of_user << " of a user, " << limits.connection_bytes << " and "
      << limits.binding_bytes << " bytes, " << limits.bytes_of_user << " each of a user, "
      << limits.due_of_find << " due of a find" << (limits.newest_first ? ", newest first)" : ")");
}

rc::Gen<Step> steps() {
  const auto name = rc::gen::inRange<std::size_t>(0, kNames.size());
  return rc::gen::build<Step>(
      rc::gen::set(&Step::what, rc::gen::weightedElement<What>({{5, What::save_connection},
                                                                {6, What::save_binding},
                                                                {4, What::find_endpoint},
                                                                {4, What::find_destination},
                                                                {3, What::commit},
                                                                {3, What::put_back},
                                                                {1, What::discard},
                                                                {2, What::claim_at},
                                                                {1, What::discard_at},
                                                                {2, What::expire},
                                                                {2, What::wait},
                                                                {1, What::drop_connections},
                                                                {1, What::drop_bindings},
                                                                {4, What::walk}})),
      rc::gen::set(&Step::destination, rc::gen::inRange<std::size_t>(0, 3)),
      rc::gen::set(&Step::endpoint, name), rc::gen::set(&Step::properties, name),
      rc::gen::set(&Step::ticks, rc::gen::inRange<std::int64_t>(0, 12)),
      rc::gen::set(&Step::owner, rc::gen::inRange<std::uint32_t>(0, 4)),
      rc::gen::set(&Step::number, rc::gen::inRange<std::size_t>(0, 6)),
      rc::gen::set(&Step::verdicts, rc::gen::inRange<unsigned>(0, 1U << 10)),
      rc::gen::set(&Step::failing, rc::gen::weightedOneOf<std::size_t>(
                                       {{9, rc::gen::just<std::size_t>(0)},
                                        {1, rc::gen::inRange<std::size_t>(1, 6)}})));
}

rc::Gen<Limits> limits() {
  // More than once, so that many caches do not have the limit.
  constexpr std::size_t kMany = CacheLimits::kNone;
  return rc::gen::build<Limits>(
      rc::gen::set(&Limits::connections, rc::gen::element<std::size_t>(0, 1, 5, 1'000)),
      rc::gen::set(&Limits::connections_of_endpoint,
                   rc::gen::element<std::size_t>(1, 3, kMany, kMany)),
      rc::gen::set(&Limits::connections_of_user, rc::gen::element<std::size_t>(0, 3, kMany, kMany)),
      rc::gen::set(&Limits::bindings, rc::gen::element<std::size_t>(0, 3, 8, kMany, kMany, kMany)),
      rc::gen::set(&Limits::bindings_of_destination, rc::gen::element<std::size_t>(1, 2, 4, 1'000)),
      rc::gen::set(&Limits::bindings_of_user, rc::gen::element<std::size_t>(1, 4, kMany, kMany)),
      rc::gen::set(&Limits::bytes_of_user, rc::gen::element<std::size_t>(500, 3'000, kMany, kMany)),
      rc::gen::set(&Limits::connection_bytes,
                   rc::gen::element<std::size_t>(400, 1'500, 4'000, 1'000'000)),
      rc::gen::set(&Limits::binding_bytes,
                   rc::gen::element<std::size_t>(600, 2'500, 6'000, 1'000'000)),
      rc::gen::set(&Limits::due_of_find, rc::gen::element<std::size_t>(0, 1, 2, 1'000)),
      rc::gen::set(&Limits::newest_first, rc::gen::arbitrary<bool>()));
}

// A cache and the reference, with the claims on both.
class Pair {
 public:
  Pair(const CacheLimits& limits, bool newest_first) : cache_{limits}, reference_{limits} {
    cache_.observe(observer_);
    if (!newest_first) return;
    cache_.find_newest_first([](std::string_view endpoint) { return !endpoint.empty(); });
    reference_.find_newest_first({kNames.begin() + 1, kNames.end()});
  }

  // Executes the operation on both, and compares the results.
  void run(const Step& step) {
    const std::string& destination = kNames[step.destination];
    const std::string& endpoint = kNames[step.endpoint];
    const std::string& properties = kNames[step.properties];
    const Instant deadline = now_ + Duration{step.ticks};
    switch (step.what) {
      case What::save_connection:
        save_connection(endpoint, properties, deadline, step.owner, step.failing);
        break;
      case What::save_binding:
        save_binding(destination, properties, endpoint, deadline, step.owner, step.failing);
        break;
      case What::find_endpoint:
        find_endpoint(endpoint);
        break;
      case What::find_destination:
        find_destination(destination);
        break;
      case What::commit:
      case What::put_back:
      case What::discard:
        end_claim(step.number, step.what);
        break;
      case What::claim_at:
        claim_at(step.number);
        break;
      case What::discard_at:
        discard_at(step.number);
        break;
      case What::expire:
        RC_ASSERT(cache_.expire(now_, step.number) == reference_.expire(now_, step.number));
        break;
      case What::drop_connections: {
        // Some were saved after the entries to drop.
        const std::uint64_t saved = cache_.last_sequence();
        const std::uint64_t last = saved - std::min(saved, static_cast<std::uint64_t>(step.ticks));
        RC_ASSERT(cache_.drop_connections(endpoint, last, step.number) ==
                  reference_.drop_connections(endpoint, last, step.number));
        break;
      }
      case What::drop_bindings:
        RC_ASSERT(cache_.drop_bindings(destination) == reference_.drop_bindings(destination));
        break;
      case What::walk:
        walk(step.number, step.verdicts);
        break;
      case What::wait:
        now_ += Duration{step.ticks / 2};
        break;
    }
    compare();
  }

  // Returns all claims, then expires all entries.
  void end() {
    while (!claims_.empty()) end_claim(0, What::put_back);
    RC_ASSERT(cache_.expire(kNever, SIZE_MAX) == reference_.expire(kNever, SIZE_MAX));
    compare();
    RC_ASSERT(cache_.held() == 0U);
    RC_ASSERT(cache_.bytes() == 0U);
  }

 private:
  struct Held {
    Claim claim;
    std::uint64_t id;
  };

  void save_connection(const std::string& endpoint, const std::string& properties, Instant deadline,
                       std::uint32_t owner, std::size_t failing) {
    Fd fd = any_descriptor();
    const int descriptor = fd.get();
    try {
      const FailingAllocation armed{failing};
      last_ = cache_.save_connection(endpoint, properties, deadline, fd, {.owner = owner});
    } catch (const std::bad_alloc&) {
      RC_ASSERT(fd.get() == descriptor);
      return;
    }
    RC_ASSERT(last_ ==
              reference_.save_connection(endpoint, properties, deadline, descriptor, owner));
    RC_ASSERT(fd.get() == (last_ == SaveOutcome::saved ? -1 : descriptor));
  }

  void save_binding(const std::string& destination, const std::string& properties,
                    const std::string& endpoint, Instant deadline, std::uint32_t owner,
                    std::size_t failing) {
    try {
      const FailingAllocation armed{failing};
      last_ = cache_.save_binding(destination, properties, endpoint, deadline, now_, owner);
    } catch (const std::bad_alloc&) {
      return;
    }
    RC_ASSERT(last_ == reference_.save_binding(destination, properties, endpoint, deadline, owner));
  }

  void find_endpoint(const std::string& endpoint) {
    auto claim = cache_.find_endpoint(endpoint, now_);
    const auto hit = reference_.find_endpoint(endpoint, now_);
    RC_ASSERT(claim.has_value() == hit.has_value());
    if (claim) claims_.push_back({std::move(*claim), hit->id});
  }

  void find_destination(const std::string& destination) {
    auto found = cache_.find_destination(destination, now_);
    const auto hit = reference_.find_destination(destination, now_);
    RC_ASSERT(found.has_value() == hit.has_value());
    if (!found) return;
    RC_ASSERT(found->properties == hit->properties);
    claims_.push_back({std::move(found->claim), hit->id});
  }

  static ReferenceCache::Shown shown_of(const Cache::Entry& entry) {
    const auto* binding = std::get_if<BindingRecord>(&entry);
    const std::uint32_t owner =
        binding == nullptr ? std::get<ConnectionRecord>(entry).provenance.owner : binding->owner;
    const auto show = [&](const auto& record) -> ReferenceCache::Shown {
      return {binding == nullptr,
              std::string{binding == nullptr ? "" : binding->destination},
              std::string{record.endpoint},
              std::string{record.properties},
              record.deadline,
              record.sequence,
              owner};
    };
    return std::visit(show, entry);
  }

  // The page after the previous one; the first page if that was the last.
  void walk(std::size_t most, unsigned verdicts) {
    std::vector<ReferenceCache::Shown> shown;
    std::vector<ReferenceCache::Shown> wanted;
    const auto verdict_of = [verdicts](std::size_t place) {
      constexpr Cache::Verdict kVerdicts[] = {Cache::Verdict::keep, Cache::Verdict::keep,
                                              Cache::Verdict::drop, Cache::Verdict::stop};
      return kVerdicts[verdicts >> (2 * place) & 3];
    };
    const auto next = cache_.walk(place_, most, [&](const Cache::Entry& entry) {
      shown.push_back(shown_of(entry));
      return verdict_of(shown.size() - 1);
    });
    const auto wanted_next =
        reference_.walk(wanted_place_, most, [&](const ReferenceCache::Shown& entry) {
          wanted.push_back(entry);
          return verdict_of(wanted.size() - 1);
        });
    RC_ASSERT(shown == wanted);
    RC_ASSERT(next.has_value() == wanted_next.has_value());
    place_ = next.value_or(Cache::kBeginning);
    wanted_place_ = wanted_next.value_or(ReferenceCache::kBeginning);
  }

  // The place and the sequence of one of the connections; nothing if there is none.
  std::optional<std::pair<Position, std::uint64_t>> place_of_one(std::size_t number) {
    std::vector<std::pair<Position, std::uint64_t>> places;
    cache_.walk(Cache::kBeginning, SIZE_MAX, [&](const Cache::Entry& entry) {
      if (const auto* connection = std::get_if<ConnectionRecord>(&entry)) {
        places.emplace_back(connection->place, connection->sequence);
      }
      return Cache::Verdict::keep;
    });
    if (places.empty()) return std::nullopt;
    return places[number % places.size()];
  }

  void claim_at(std::size_t number) {
    const auto place = place_of_one(number);
    if (!place) return;
    auto claim = cache_.claim_at(place->first);
    RC_ASSERT(claim.has_value());
    RC_ASSERT(!cache_.claim_at(place->first).has_value());
    claims_.push_back({std::move(*claim), reference_.claim(place->second)});
  }

  void discard_at(std::size_t number) {
    const auto place = place_of_one(number);
    if (!place) return;
    RC_ASSERT(cache_.discard(place->first));
    reference_.discard(reference_.id_of(place->second));
    RC_ASSERT(!cache_.discard(place->first));
  }

  void end_claim(std::size_t number, What how) {
    if (claims_.empty()) return;
    const auto it = std::next(claims_.begin(), static_cast<int>(number % claims_.size()));
    if (how == What::commit) {
      it->claim.commit();
      reference_.commit(it->id);
    } else if (how == What::discard) {
      it->claim.discard();
      reference_.discard(it->id);
    } else {
      reference_.put_back(it->id);
    }
    claims_.erase(it);
  }

  void compare() {
    RC_ASSERT(observer_.take() == reference_.take());
    RC_ASSERT(observer_.take_left_descriptors() == reference_.take_left_descriptors());
    RC_ASSERT(cache_.connections() == reference_.connections());
    RC_ASSERT(cache_.held() == reference_.held());
    RC_ASSERT(cache_.endpoints() == reference_.endpoints());
    RC_ASSERT(cache_.destinations() == reference_.destinations());
    RC_ASSERT(cache_.bindings() == reference_.bindings());
    RC_ASSERT(cache_.connection_bytes() == reference_.connection_bytes());
    RC_ASSERT(cache_.binding_bytes() == reference_.binding_bytes());
    RC_ASSERT(cache_.next_deadline() == reference_.next_deadline());
    RC_ASSERT(cache_.last_sequence() == reference_.last_sequence());
    for (const Held& held : claims_) {
      const auto connection = reference_.connection(held.id);
      RC_ASSERT(held.claim.record().endpoint == connection->endpoint);
      RC_ASSERT(held.claim.record().properties == connection->properties);
      RC_ASSERT(held.claim.record().descriptor == connection->descriptor);
    }
  }

  RecordingObserver observer_;
  Cache cache_;
  ReferenceCache reference_;
  // Declared after the cache, so that they are destroyed before it.
  std::list<Held> claims_;
  // The current positions of the walk through both.
  Position place_ = Cache::kBeginning;
  ReferenceCache::Place wanted_place_ = ReferenceCache::kBeginning;
  Instant now_;
  SaveOutcome last_ = SaveOutcome::full;
};

void agree(const Limits& chosen, const std::vector<Step>& sequence, bool empty_at_the_end) {
  const std::size_t descriptors_before = open_descriptors();
  {
    Pair pair{{.connections = chosen.connections,
               .connections_of_endpoint = chosen.connections_of_endpoint,
               .connections_of_user = chosen.connections_of_user,
               .bindings = chosen.bindings,
               .bindings_of_destination = chosen.bindings_of_destination,
               .bindings_of_user = chosen.bindings_of_user,
               .connection_bytes = chosen.connection_bytes,
               .binding_bytes = chosen.binding_bytes,
               .connection_bytes_of_user = chosen.bytes_of_user,
               .binding_bytes_of_user = chosen.bytes_of_user,
               .due_of_find = chosen.due_of_find},
              chosen.newest_first};
    for (const Step& step : sequence) pair.run(step);
    if (empty_at_the_end) pair.end();
  }
  RC_ASSERT(open_descriptors() == descriptors_before);
}

void check_agreement() {
  ::setenv("RC_PARAMS", "seed=1 max_success=2000 max_size=300", 0);
  rc::detail::checkGTest([] {
    const Limits chosen = *limits();
    const auto sequence = *rc::gen::container<std::vector<Step>>(steps());
    agree(chosen, sequence, *rc::gen::arbitrary<bool>());
  });
}

TEST(CacheModelTest, TheCacheAgreesWithTheReference) {
  check_agreement();
}

TEST(CacheModelTest, TheCacheAgreesWithTheReferenceWhenAllNamesCollide) {
  const CollidingNames colliding{CollidingNames::Mode::all};
  check_agreement();
}

}  // namespace
}  // namespace scache::test
