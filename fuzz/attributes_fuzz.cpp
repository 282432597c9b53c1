// SPDX-License-Identifier: Apache-2.0
// The attribute lists of a stream, and the requests in them. The first byte of an input chooses the
// limits, the second how the others are cut into pieces. However they are cut, the steps are those
// that a simple reading of the whole gives.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "require.hpp"
#include "target.hpp"
#include "wire/attribute_reader.hpp"
#include "wire/attribute_writer.hpp"
#include "wire/postfix_codec.hpp"

namespace scache::fuzz {
namespace {

using Step = AttributeReader::Step;

// What a step said.
struct Told {
  Step step = Step::need_more;
  std::size_t consumed = 0;
  std::vector<std::string> strings;

  bool operator==(const Told&) const = default;
};
using Steps = std::vector<Told>;

// A client that has found something says `dummy` next.
std::string_view wanted_after(const Steps& steps) {
  const bool found = !steps.empty() && steps.back().step == Step::list &&
                     steps.back().strings.front().starts_with("find");
  return found ? postfix_codec::kDummy : postfix_codec::kRequest;
}

// The steps in the simplest way: all bytes are there.
Steps read_simply(std::string_view bytes, std::size_t limit) {
  Steps steps;
  for (;;) {
    const std::string_view wanted = wanted_after(steps);
    std::vector<std::string> strings;
    std::size_t at = 0;
    for (;;) {
      const std::size_t end = bytes.find('\0', at);
      if (end == std::string_view::npos || end >= limit) {
        const Step last = bytes.size() >= limit ? Step::too_long : Step::need_more;
        steps.push_back({last, 0, {}});
        return steps;
      }
      strings.emplace_back(bytes.substr(at, end - at));
      at = end + 1;
      const bool first = strings.size() == 1;
      if (first && strings.front() != wanted) break;
      // A name that is empty ends the list.
      if (!first && strings.size() % 2 == 1 && strings.back().empty()) break;
    }
    bytes.remove_prefix(at);
    if (strings.size() == 1) {
      const bool missing = strings.front().empty();
      if (missing) strings.clear();
      steps.push_back({missing ? Step::missing : Step::unexpected_name, at, std::move(strings)});
    } else {
      strings.pop_back();
      strings.erase(strings.begin());
      strings.resize(std::min(strings.size(), AttributeReader::kMaxStrings));
      steps.push_back({Step::list, at, std::move(strings)});
    }
  }
}

std::string seconds(std::chrono::milliseconds ttl) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(ttl).count());
}

std::string encoded(postfix_codec::Kind kind, const Request& request) {
  std::string bytes;
  AttributeWriter list{bytes};
  list.put("request", postfix_codec::wire_name(kind));
  if (const auto* save = std::get_if<SaveEndpoint>(&request)) {
    require(save->ttl.count() > 0, "a time to live is positive");
    list.put("ttl", seconds(save->ttl));
    list.put("label", save->endpoint).put("property", save->properties);
  } else if (const auto* bind = std::get_if<SaveDestination>(&request)) {
    require(bind->ttl.count() > 0, "a time to live is positive");
    list.put("ttl", seconds(bind->ttl)).put("label", bind->destination);
    list.put("property", bind->properties).put("label", bind->endpoint);
  } else if (const auto* find = std::get_if<FindEndpoint>(&request)) {
    list.put("label", find->endpoint);
  } else {
    list.put("label", std::get<FindDestination>(request).destination);
  }
  list.end();
  return bytes;
}

// A request that was understood says the same when it is written and read once more.
void check_request(const AttributeReader& list, const WireLimits& limits) {
  const auto decoded = postfix_codec::decode(list, limits, "source");
  if (!decoded.request) {
    require(!decoded.warnings.empty(), "a request is refused with a warning");
    return;
  }
  require(decoded.kind.has_value(), "a request is of a kind");
  require(decoded.request->index() == static_cast<std::size_t>(*decoded.kind), "of its own kind");
  const std::string bytes = encoded(*decoded.kind, *decoded.request);
  AttributeReader reader{bytes.size() + 1};
  require(reader.scan(bytes, postfix_codec::kRequest) == Step::list, "a request is a list");
  const auto again = postfix_codec::decode(reader, limits, "source");
  require(again.request.has_value() && again.warnings.empty(), "a request is readable");
  require(encoded(*again.kind, *again.request) == bytes, "a request says the same twice");
}

// The steps of bytes that come in pieces of `sizes`, one after the other and over again.
Steps read_in_pieces(std::string_view bytes, std::size_t limit, const WireLimits& limits,
                     const std::vector<std::size_t>& sizes) {
  Steps steps;
  AttributeReader reader{limit};
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t turn = 0;
  for (;;) {
    // The bytes are somewhere else each time, and nothing readable is around them.
    const std::vector<char> held(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                                 bytes.begin() + static_cast<std::ptrdiff_t>(end));
    const Step step = reader.scan({held.data(), held.size()}, wanted_after(steps));
    if (step == Step::need_more || step == Step::too_long) {
      for (const auto how : {postfix_codec::Break::end, postfix_codec::Break::timeout}) {
        postfix_codec::broken_off(reader, "source", how);
      }
      if (step == Step::need_more && end < bytes.size()) {
        end = std::min(bytes.size(), end + sizes[turn++ % sizes.size()]);
        continue;
      }
      steps.push_back({step, 0, {}});
      return steps;
    }
    Told told{step, reader.consumed(), {}};
    for (std::size_t i = 0; i < reader.count(); ++i) told.strings.emplace_back(reader.string(i));
    if (step == Step::list) check_request(reader, limits);
    steps.push_back(std::move(told));
    begin += reader.consumed();
    require(begin <= end, "nothing is consumed that has not come");
    reader.done();
  }
}

void run(std::string_view input) {
  if (input.size() < 2) return;
  constexpr std::array<std::size_t, 4> kLists{16, 64, 1'024, 256 * 1'024};
  const auto choice = static_cast<unsigned char>(input[0]);
  const auto cut = static_cast<unsigned char>(input[1]);
  const std::size_t limit = kLists[choice % 4];
  const WireLimits limits = choice % 8 < 4 ? WireLimits{} : WireLimits{8, 16, limit};
  const std::string_view bytes = input.substr(2);

  const Steps expected = read_simply(bytes, limit);
  // Small pieces take time that grows with the square of the length.
  const std::size_t least = 1 + bytes.size() / 256;
  const std::vector<std::vector<std::size_t>> ways{
      {bytes.size() + 1}, {least}, {least + cut % 16U, least + cut / 16U}};
  for (const auto& sizes : ways) {
    require(read_in_pieces(bytes, limit, limits, sizes) == expected, "pieces change no step");
  }
}

}  // namespace
}  // namespace scache::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  scache::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
