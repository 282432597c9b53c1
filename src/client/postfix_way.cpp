// SPDX-License-Identifier: Apache-2.0
#include "client/postfix_way.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <initializer_list>
#include <limits>
#include <string>
#include <utility>

#include "client/direct_messages.hpp"
#include "wire/attribute_reader.hpp"
#include "wire/attribute_writer.hpp"
#include "wire/limits.hpp"

namespace scache::client::postfix_way {
namespace {

constexpr std::string_view kStatus = "status";
constexpr std::string_view kDummy = "dummy";
constexpr std::string_view kFindEndpoint = "find_endp";
constexpr std::string_view kDone = "0";
constexpr std::string_view kBad = "1";

Error out_of_step(Channel& channel) {
  channel.set_in_step(false);
  return {ErrorCode::protocol, "The server violated the Postfix protocol."};
}

Error bad_request() {
  return {ErrorCode::malformed,
          "The server rejected the request as malformed; a name may be too long."};
}

// One attribute list from the server: a status with properties, or `dummy`, which requests the
// descriptor.
struct Answer {
  bool asks = false;
  std::string status;
  std::array<std::string, 2> properties;
};

// Waits for a list.
Result<Answer> await_answer(Channel& channel, Instant deadline) {
  Inbox& inbox = channel.inbox();
  while (inbox.empty()) {
    if (auto came = channel.fill(deadline); !came) return came.error();
  }
  Answer answer{.asks = inbox.bytes().front() == kDummy.front(), .status = {}, .properties = {}};
  AttributeReader reader{WireLimits{}.list};
  for (;;) {
    const auto step = reader.scan(inbox.bytes(), answer.asks ? kDummy : kStatus);
    if (step == AttributeReader::Step::list) break;
    if (step != AttributeReader::Step::need_more) return out_of_step(channel);
    if (auto came = channel.fill(deadline); !came) return came.error();
  }
  // Names and values alternate after the status.
  answer.status = reader.string(0);
  for (std::size_t i = 0; i < answer.properties.size() && 2 * i + 2 < reader.count(); ++i) {
    answer.properties[i] = reader.string(2 * i + 2);
  }
  inbox.consume(reader.consumed());
  return answer;
}

Result<void> check(std::initializer_list<std::string_view> texts) {
  std::size_t size = 0;
  for (const std::string_view text : texts) {
    if (text.find('\0') != text.npos) return unsupported("a NUL byte in a name or in properties");
    size += text.size();
  }
  // The 128 bytes are for the names of the attributes and a number.
  constexpr std::size_t kMost = WireLimits{}.list - 128;
  if (size <= kMost) return {};
  return Error{ErrorCode::too_large, "The request exceeds the maximum size."};
}

// Whole seconds, at least one. Without a time to live, the maximum, which the server reduces to its
// limit.
std::string seconds(const Ttl& ttl) {
  using std::chrono::seconds;
  constexpr seconds kMost{std::numeric_limits<std::int32_t>::max()};
  const seconds whole = ttl ? std::chrono::ceil<seconds>(*ttl) : kMost;
  return std::to_string(std::min(whole, kMost).count());
}

// Ends the exchange. Input that is left belongs to no exchange: the channel is out of step.
void over(Channel& channel) {
  channel.set_in_step(!channel.has_leftovers());
}

Result<void> say_dummy(Channel& channel, Instant deadline) {
  std::string dummy;
  AttributeWriter{dummy}.put(kDummy, "").end();
  return channel.send_all(dummy, {}, deadline);
}

Result<Fd> take_descriptor(Channel& channel, Instant deadline) {
  if (auto said = say_dummy(channel, deadline); !said) return said.error();
  while (channel.inbox().empty()) {
    if (auto came = channel.fill(deadline); !came) return came.error();
  }
  channel.inbox().consume(1);
  Fd fd = channel.claim();
  if (!fd) return out_of_step(channel);
  // The server waits for this reply. The connection is the client's even if sending it fails.
  if (auto said = say_dummy(channel, deadline); said) over(channel);
  return fd;
}

Result<Connection> find(Channel& channel, std::string_view kind, std::string_view name,
                        Instant deadline) {
  if (auto good = check({name}); !good) return good.error();
  std::string request;
  AttributeWriter{request}.put("request", kind).put("label", name).end();
  if (auto sent = channel.send_all(request, {}, deadline); !sent) return sent.error();
  auto answer = await_answer(channel, deadline);
  if (!answer) return answer.error();
  Connection connection;
  if (answer->status != kDone) {
    over(channel);
    if (answer->status == kBad) return bad_request();
    return connection;
  }
  const bool by_endpoint = kind == kFindEndpoint;
  connection.endpoint_properties = std::move(answer->properties[by_endpoint ? 0 : 1]);
  if (!by_endpoint) connection.destination_properties = std::move(answer->properties[0]);
  auto fd = take_descriptor(channel, deadline);
  if (!fd) return fd.error();
  connection.descriptor.reset(fd->release());
  if (by_endpoint) connection.endpoint = name;
  connection.found_at = since_boot(BootClock::now());
  return connection;
}

// Whether the server kept the binding.
Result<bool> save_destination(Channel& channel, const Binding& binding, std::string_view endpoint,
                              Instant deadline) {
  std::string request;
  AttributeWriter{request}
      .put("request", "save_dest")
      .put("ttl", seconds(binding.ttl))
      .put("label", binding.destination)
      .put("property", binding.properties)
      .put("label", endpoint)
      .end();
  if (auto sent = channel.send_all(request, {}, deadline); !sent) return sent.error();
  const auto answer = await_answer(channel, deadline);
  if (!answer) return answer.error();
  over(channel);
  if (answer->status == kBad) return bad_request();
  return answer->status == kDone;
}

}  // namespace

Error unsupported(std::string_view what) {
  return {ErrorCode::unsupported,
          "The stream to the server uses the Postfix protocol, which does not support " +
              std::string{what} + "."};
}

Result<Connection> find_endpoint(Channel& channel, std::string_view endpoint, Instant deadline) {
  return find(channel, kFindEndpoint, endpoint, deadline);
}

Result<Connection> find_destination(Channel& channel, std::string_view destination,
                                    Instant deadline) {
  return find(channel, "find_dest", destination, deadline);
}

Result<Saved> save(Channel& channel, const Connection& connection, const SaveOptions& options,
                   Instant deadline, Handover& handover) {
  if (auto good = check_saved(connection, options); !good) return good.error();
  if (auto good = check({connection.endpoint, connection.endpoint_properties}); !good) {
    return good.error();
  }
  for (const Binding& binding : options.bindings) {
    auto good = check({binding.destination, binding.properties, connection.endpoint});
    if (!good) return good.error();
  }
  Saved saved;
  for (const Binding& binding : options.bindings) {
    const auto kept = save_destination(channel, binding, connection.endpoint, deadline);
    if (!kept) return kept.error();
    if (*kept) ++saved.bindings;
  }

  std::string request;
  AttributeWriter{request}
      .put("request", "save_endp")
      .put("ttl", seconds(options.ttl))
      .put("label", connection.endpoint)
      .put("property", connection.endpoint_properties)
      .end();
  if (auto sent = channel.send_all(request, {}, deadline); !sent) return sent.error();
  const auto asked = await_answer(channel, deadline);
  if (!asked) return asked.error();
  if (!asked->asks) {
    over(channel);
    return bad_request();
  }
  const std::string byte(1, '\0');
  if (auto sent = channel.send_all(byte, &handover, deadline); !sent) return sent.error();
  const auto answer = await_answer(channel, deadline);
  if (!answer) return answer.error();
  over(channel);
  if (answer->status == kDone) return saved;
  return Error{ErrorCode::refused,
               "The server refused the connection: it cannot be cached, or the cache is full."};
}

Result<void> bind(Channel& channel, const Binding& binding, std::string_view endpoint,
                  Instant deadline) {
  if (auto good = check_ttl(binding.ttl); !good) return good;
  auto good = check({binding.destination, binding.properties, endpoint});
  if (!good) return good;
  const auto kept = save_destination(channel, binding, endpoint, deadline);
  if (!kept) return kept.error();
  if (!*kept) return Error{ErrorCode::full, "The cache has no room for another binding."};
  return {};
}

}  // namespace scache::client::postfix_way
