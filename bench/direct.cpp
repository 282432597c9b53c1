// SPDX-License-Identifier: Apache-2.0
#include "direct.hpp"

#include <cstddef>
#include <utility>

#include "sizes.hpp"
#include "wire/direct_frame.hpp"

namespace scache::bench {
namespace {

using wire::direct::Kind;
using wire::direct::Tag;
using Of = Message::Of;

constexpr std::size_t kIdAt = 8;

// Frame writes a message with one frame: a request, or its answer. The id of the request consists
// of the kind and the number of the endpoint.
class Frame {
 public:
  Frame(Message& message, Kind request, Kind kind, bool with_descriptor)
      : message_{message},
        writer_{message.bytes(), kind, static_cast<std::uint64_t>(request) << 32, with_descriptor} {
    message.in_request_id(kIdAt);
  }

  Frame& endpoint() {
    writer_.open(Tag::endpoint);
    message_.name(Of::endpoint);
    return close();
  }
  Frame& properties() {
    writer_.open(Tag::endpoint_properties);
    message_.properties(Of::endpoint, kEndpointPropertiesSize);
    return close();
  }
  Frame& connection() {
    writer_.open(Tag::connection);
    message_.connection();
    return close();
  }
  Frame& time(Tag tag) {
    writer_.open(tag);
    message_.time();
    return close();
  }
  Frame& number(Tag tag, std::uint64_t number) {
    writer_.put(tag, number);
    return *this;
  }
  void end() { writer_.end(); }

 private:
  Frame& close() {
    writer_.close();
    return *this;
  }

  Message& message_;
  wire::direct::FrameWriter writer_;
};

Step save() {
  Step step{.gives = true};
  Frame{step.out, Kind::save, Kind::save, true}
      .endpoint()
      .properties()
      .number(Tag::ttl, kTtlMilliseconds)
      .end();
  Frame{step.in, Kind::save, Kind::saved, false}.connection().number(Tag::bindings, 0).end();
  return step;
}

Step find(bool hit) {
  Step step{.takes = hit};
  Frame{step.out, Kind::find, Kind::find, false}.endpoint().end();
  Frame found{step.in, Kind::find, Kind::found, hit};
  if (hit) {
    found.endpoint().properties().connection().number(Tag::uses, 1).time(Tag::age).time(Tag::idle);
  }
  found.end();
  return step;
}

}  // namespace

Work direct_save_and_find(std::uint32_t lanes) {
  Work work{.protocol = Protocol::direct, .lanes = lanes, .requests = 2 * lanes};
  for (const Step& step : {save(), find(true)}) {
    for (std::uint32_t lane = 0; lane < lanes; ++lane) {
      work.steps.push_back(step);
      work.steps.back().lane = lane;
    }
  }
  return work;
}

Work direct_miss() {
  Work work{.protocol = Protocol::direct, .choice = Choice::unknown};
  work.steps.push_back(find(false));
  return work;
}

}  // namespace scache::bench
