// SPDX-License-Identifier: Apache-2.0
#include "work.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "direct.hpp"
#include "fail.hpp"
#include "hello.hpp"
#include "sizes.hpp"

namespace scache::bench {
namespace {

using Of = Message::Of;

// Disjoint ranges of numbers.
constexpr std::uint32_t kBound = 500'000'000;
constexpr std::uint32_t kWide = 800'000'000;
constexpr std::uint32_t kFresh = 1'000'000'000;
constexpr std::uint32_t kUnknown = 2'000'000'000;
constexpr std::uint32_t kFreshOfClient = 65'536;
// More than the total number of clients.
constexpr std::uint32_t kFreshOfLane = 16'777'216;
constexpr std::uint32_t kUnknownNames = 1'048'576;
constexpr std::uint32_t kWideBindings = 1'024;
// The number of bindings of all clients if none exist already.
constexpr std::uint32_t kFewBindings = 64;

void put_request(Message& message, std::string_view name) {
  message.text("request\0"sv).text(name).text("\0"sv);
}

void put_label(Message& message, Of which) {
  message.text("label\0"sv).name(which).text("\0"sv);
}

void put_properties(Message& message, Of which, std::size_t size) {
  message.text("property\0"sv).properties(which, size).text("\0"sv);
}

void put_status(Message& message, std::string_view digit) {
  message.text("status\0"sv).text(digit).text("\0"sv);
}

void add_save_endpoint(Work& work, std::size_t properties) {
  Step ask;
  put_request(ask.out, "save_endp");
  ask.out.text("ttl\0"sv).text(kTtl).text("\0"sv);
  put_label(ask.out, Of::endpoint);
  put_properties(ask.out, Of::endpoint, properties);
  ask.out.text("\0"sv);
  ask.in.text(kDummy);
  work.steps.push_back(std::move(ask));

  Step give;
  give.out.text("\0"sv);
  give.gives = true;
  put_status(give.in, "0");
  give.in.text("\0"sv);
  work.steps.push_back(std::move(give));
}

void add_save_destination(Work& work) {
  Step step;
  put_request(step.out, "save_dest");
  step.out.text("ttl\0"sv).text(kTtl).text("\0"sv);
  put_label(step.out, Of::destination);
  put_properties(step.out, Of::destination, kDestinationPropertiesSize);
  put_label(step.out, Of::endpoint);
  step.out.text("\0"sv);
  put_status(step.in, "0");
  step.in.text("\0"sv);
  work.steps.push_back(std::move(step));
}

void put_find(Message& message, Of which) {
  put_request(message, which == Of::endpoint ? "find_endp" : "find_dest");
  put_label(message, which);
  message.text("\0"sv);
}

void add_miss(Work& work, Of which) {
  Step step;
  put_find(step.out, which);
  put_status(step.in, "2");
  if (which == Of::destination) step.in.text("property\0\0"sv);
  step.in.text("property\0\0\0"sv);
  work.steps.push_back(std::move(step));
}

void add_hit(Work& work, Of which, std::size_t properties) {
  Step find;
  put_find(find.out, which);
  put_status(find.in, "0");
  if (which == Of::destination) {
    put_properties(find.in, Of::destination, kDestinationPropertiesSize);
  }
  put_properties(find.in, Of::endpoint, properties);
  find.in.text("\0"sv);
  work.steps.push_back(std::move(find));

  Step take;
  take.out.text(kDummy);
  take.in.text("\0"sv);
  take.takes = true;
  work.steps.push_back(std::move(take));
  work.owes_dummy = true;
}

Work save_and_find(std::size_t properties, CargoKind cargo) {
  Work work{.requests = 2, .choice = Choice::fresh, .cargo = cargo};
  add_save_endpoint(work, properties);
  add_hit(work, Of::endpoint, properties);
  return work;
}

// The requests of Postfix for a message to a destination without a cached connection.
Work delivery() {
  Work work{.requests = 5, .choice = Choice::bound};
  add_miss(work, Of::destination);
  add_miss(work, Of::endpoint);
  add_save_destination(work);
  add_save_endpoint(work, kEndpointPropertiesSize);
  add_hit(work, Of::destination, kEndpointPropertiesSize);
  return work;
}

Work miss(Of which, Choice choice) {
  Work work{.choice = choice};
  add_miss(work, which);
  return work;
}

// A workload with a connection for each operation, as of a short-lived client.
Work cold(Work work) {
  work.connects = true;
  std::vector<Step> hello;
  if (work.protocol != Protocol::s6) hello.emplace_back().in.text(kGreeting);
  if (work.protocol == Protocol::direct) {
    Step& wish = hello.emplace_back();
    wish.out.text(kWish);
    wish.in.text(kAgreement);
  }
  work.steps.insert(work.steps.begin(), hello.begin(), hello.end());
  return work;
}

Work save_destination(Choice choice) {
  Work work{.choice = choice};
  add_save_destination(work);
  return work;
}

Work save_endpoint(std::size_t properties, CargoKind cargo) {
  Work work{.choice = Choice::next, .cargo = cargo};
  add_save_endpoint(work, properties);
  return work;
}

// A message of s6-fdholderd: the size of the text (4 bytes), the number of descriptors (2 bytes),
// and the text. Numbers are big-endian. The size of a text includes its final NUL.
void put_s6_header(Message& message, std::size_t size, bool descriptor) {
  const char header[] = {0, 0, 0, static_cast<char>(size), 0, descriptor ? '\1' : '\0'};
  message.text({header, sizeof header});
}

void put_s6_name(Message& message) {
  const char size = static_cast<char>(kNameSize);
  message.text({&size, 1}).name(Of::endpoint).text("\0"sv);
}

void add_s6_store(Work& work) {
  Step step;
  put_s6_header(step.out, 1 + 12 + 1 + kNameSize + 1, true);
  step.out.text("S").s6_deadline();
  put_s6_name(step.out);
  step.gives = true;
  put_s6_header(step.in, 1, false);
  step.in.text("\0"sv);
  work.steps.push_back(std::move(step));
}

// The answer is 0 with a descriptor, or an error number.
void add_s6_retrieve(Work& work, bool hit) {
  constexpr char kNoEntry = ENOENT;
  Step step;
  put_s6_header(step.out, 1 + 1 + 1 + kNameSize + 1, false);
  step.out.text("R\1"sv);
  put_s6_name(step.out);
  put_s6_header(step.in, 1, hit);
  step.in.text(hit ? "\0"sv : std::string_view{&kNoEntry, 1});
  step.takes = hit;
  work.steps.push_back(std::move(step));
}

Work s6_save_and_find() {
  Work work{.protocol = Protocol::s6, .requests = 2, .choice = Choice::fresh};
  add_s6_store(work);
  add_s6_retrieve(work, true);
  return work;
}

Work s6_miss() {
  Work work{.protocol = Protocol::s6, .choice = Choice::unknown};
  add_s6_retrieve(work, false);
  return work;
}

Work s6_store() {
  Work work{.protocol = Protocol::s6, .choice = Choice::next};
  add_s6_store(work);
  return work;
}

}  // namespace

Work Work::named(std::string_view name) {
  if (name == "savefind") return save_and_find(kEndpointPropertiesSize, CargoKind::tcp);
  if (name == "savefind700") return save_and_find(kTlsPropertiesSize, CargoKind::local);
  if (name == "miss") return miss(Of::endpoint, Choice::unknown);
  if (name == "cold") return cold(miss(Of::endpoint, Choice::unknown));
  if (name == "delivery") return delivery();
  if (name == "savedest") return save_destination(Choice::bound);
  if (name == "widefind") return miss(Of::destination, Choice::wide);
  if (name == "widesave") return save_destination(Choice::wide);
  if (name == "connections") return save_endpoint(kEndpointPropertiesSize, CargoKind::tcp);
  if (name == "connections700") return save_endpoint(kTlsPropertiesSize, CargoKind::local);
  if (name == "bindings") return save_destination(Choice::next_bound);
  if (name == "widebindings") return save_destination(Choice::next_wide);
  if (name == "directsavefind") return direct_save_and_find(1);
  if (name == "directmiss") return direct_miss();
  if (name == "directpipe") return direct_save_and_find(kDirectLanes);
  if (name == "directcold") return cold(direct_miss());
  if (name == "s6savefind") return s6_save_and_find();
  if (name == "s6miss") return s6_miss();
  if (name == "s6cold") return cold(s6_miss());
  if (name == "s6connections") return s6_store();
  fail("there is no work named {}", name);
}

Ids Chooser::choose(Choice choice, std::uint32_t number) noexcept {
  // xorshift64: the same numbers in every run.
  random ^= random << 13;
  random ^= random >> 7;
  random ^= random << 17;
  const auto any = static_cast<std::uint32_t>(random >> 32);
  std::uint32_t id = 0;
  switch (choice) {
    case Choice::fresh:
      id = kFresh + client * kFreshOfClient + any % kFreshOfClient;
      break;
    case Choice::unknown:
      id = kUnknown + any % kUnknownNames;
      break;
    case Choice::bound: {
      const std::uint32_t mine = std::max((bindings == 0 ? kFewBindings : bindings) / clients, 1U);
      id = kBound + client + clients * (any % mine);
      break;
    }
    case Choice::wide:
      return {kWide, kWide + 1 + any % kWideBindings};
    case Choice::next:
      id = number;
      break;
    case Choice::next_bound:
      id = kBound + number;
      break;
    case Choice::next_wide:
      return {kWide, kWide + 1 + number};
  }
  return {id, id};
}

Ids in_lane(Ids ids, std::uint32_t lane) noexcept {
  ids.endpoint += lane * kFreshOfLane;
  return ids;
}

}  // namespace scache::bench
