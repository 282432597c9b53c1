// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <scache/client.hpp>
#include <utility>

#include "client/direct_way.hpp"
#include "client/postfix_way.hpp"
#include "client/stream_pool.hpp"

namespace scache {
inline namespace v0 {

using base::BootClock;
using base::Instant;
using client::Stream;
using wire::direct::Tag;

struct __attribute__((visibility("hidden"))) Client::Impl {
  Impl(std::string path, const ClientOptions& given)
      : options{given}, pool{std::move(path), given.protocol, given.idle_streams} {}

  Instant deadline(const Timeout& timeout) const {
    // A limit that keeps the sum in the range of nanoseconds.
    using std::chrono::milliseconds;
    constexpr milliseconds kMost = std::chrono::hours{24 * 365};
    const auto wait = timeout.value_or(options.timeout);
    return after(BootClock::now(), std::clamp(wait, milliseconds{0}, kMost));
  }

  // One call: takes a stream, performs the exchange `talk(Stream&, Instant)` on it, and keeps the
  // stream. If the server has closed a stream that was idle, repeats the exchange once on a new
  // stream, unless the descriptor of a save was sent.
  template <typename T, typename Talk>
  Result<T> call(const Timeout& timeout, Talk talk) {
    const Instant until = deadline(timeout);
    for (bool fresh = false;; fresh = true) {
      auto stream = pool.take(fresh, until);
      if (!stream) return stream.error();
      Result<T> result = talk(**stream, until);
      const bool again = !result && result.error().code == ErrorCode::disconnected && !fresh &&
                         (*stream)->was_idle && !(*stream)->given;
      pool.give_back(std::move(*stream));
      if (!again) return result;
    }
  }

  // A call that only the direct protocol has. `request(RequestId)` makes the frame, and
  // `read(Reply&)` reads the result.
  template <typename T, typename Request, typename Read>
  Result<T> call_direct(const Timeout& timeout, std::string_view what, Request request, Read read) {
    return call<T>(timeout, [&](Stream& stream, Instant until) -> Result<T> {
      if (!stream.direct) return client::postfix_way::unsupported(what);
      return ask<T>(stream, until, nullptr, request, read);
    });
  }

  template <typename T, typename Request, typename Read>
  static Result<T> ask(Stream& stream, Instant until, client::Handover* handover, Request request,
                       Read read) {
    const client::RequestId id = ++stream.last_request;
    const Result<std::string> frame = request(id);
    if (!frame) return frame.error();
    if (auto sent = stream.channel.send_all(*frame, handover, until); !sent) return sent.error();
    auto reply = client::await_reply(stream.channel, id, until);
    if (!reply) return reply.error();
    return read(*reply);
  }

  Result<Connection> find(Tag by, std::string_view name, const Timeout& timeout) {
    return call<Connection>(timeout, [&](Stream& stream, Instant until) -> Result<Connection> {
      if (auto room = stream.channel.expect_descriptor(); !room) return room.error();
      auto found = find_on(stream, by, name, until);
      stream.channel.expect_one_less();
      return found;
    });
  }

  static Result<Connection> find_on(Stream& stream, Tag by, std::string_view name, Instant until) {
    if (!stream.direct) {
      return by == Tag::endpoint
                 ? client::postfix_way::find_endpoint(stream.channel, name, until)
                 : client::postfix_way::find_destination(stream.channel, name, until);
    }
    return ask<Connection>(
        stream, until, nullptr,
        [&](client::RequestId id) { return client::find_request(id, by, name); },
        [](client::Reply& reply) { return client::read_found(reply, BootClock::now()); });
  }

  Result<Dropped> drop(Tag by, std::string_view name, const Timeout& timeout) {
    return call_direct<Dropped>(
        timeout, "drop", [&](client::RequestId id) { return client::drop_request(id, by, name); },
        client::read_dropped);
  }

  const ClientOptions options;
  client::StreamPool pool;
};

Client::Client(std::string socket_path, ClientOptions options)
    : impl_{std::make_unique<Impl>(std::move(socket_path), options)} {}
Client::Client(Client&& other) noexcept = default;
Client& Client::operator=(Client&& other) noexcept = default;
Client::~Client() = default;

Result<Connection> Client::find_endpoint(std::string_view endpoint, Timeout timeout) {
  return impl_->find(Tag::endpoint, endpoint, timeout);
}

Result<Connection> Client::find_destination(std::string_view destination, Timeout timeout) {
  return impl_->find(Tag::destination, destination, timeout);
}

Result<Saved> Client::save(Connection& connection, const SaveOptions& options, Timeout timeout) {
  client::Handover handover{connection.descriptor};
  const auto save_on = [&](Stream& stream, Instant until) -> Result<Saved> {
    if (!stream.direct) {
      return client::postfix_way::save(stream.channel, connection, options, until, handover);
    }
    return Impl::ask<Saved>(
        stream, until, &handover,
        [&](client::RequestId id) {
          return client::save_request(id, connection, options, BootClock::now());
        },
        client::read_saved);
  };
  auto saved = impl_->call<Saved>(timeout, [&](Stream& stream, Instant until) {
    auto answer = save_on(stream, until);
    stream.given = handover.is_sent();
    return answer;
  });
  if (!saved) return handover.settle(std::move(saved).error());
  return saved;
}

Result<Bound> Client::bind(const Binding& binding, std::string_view endpoint, Timeout timeout) {
  return impl_->call<Bound>(timeout, [&](Stream& stream, Instant until) -> Result<Bound> {
    if (!stream.direct) {
      const auto bound = client::postfix_way::bind(stream.channel, binding, endpoint, until);
      if (!bound) return bound.error();
      return Bound::unknown;
    }
    return Impl::ask<Bound>(
        stream, until, nullptr,
        [&](client::RequestId id) { return client::bind_request(id, binding, endpoint); },
        client::read_bound);
  });
}

Result<Dropped> Client::drop_endpoint(std::string_view endpoint, Timeout timeout) {
  return impl_->drop(Tag::endpoint, endpoint, timeout);
}

Result<Dropped> Client::drop_destination(std::string_view destination, Timeout timeout) {
  return impl_->drop(Tag::destination, destination, timeout);
}

Result<Dropped> Client::drop_prefix(std::string_view prefix, Timeout timeout) {
  return impl_->drop(Tag::prefix, prefix, timeout);
}

Result<Page> Client::list_page(const ListOptions& options, const std::optional<std::string>& cursor,
                               Timeout timeout) {
  return impl_->call_direct<Page>(
      timeout, "list",
      [&](client::RequestId id) { return client::list_request(id, options, cursor); },
      client::read_page);
}

Result<std::vector<Entry>> Client::list(const ListOptions& options, Timeout timeout) {
  using std::chrono::milliseconds;
  const Instant until = impl_->deadline(timeout);
  std::vector<Entry> entries;
  std::optional<std::string> cursor;
  do {
    const auto left = std::chrono::ceil<milliseconds>(left_until(until, BootClock::now()));
    auto page = list_page(options, cursor, left);
    if (!page) return page.error();
    std::move(page->entries.begin(), page->entries.end(), std::back_inserter(entries));
    cursor = std::move(page->cursor);
  } while (cursor);
  return entries;
}

Result<std::vector<Statistic>> Client::statistics(Timeout timeout) {
  return impl_->call_direct<std::vector<Statistic>>(
      timeout, "statistics",
      [](client::RequestId id) -> Result<std::string> { return client::statistics_request(id); },
      client::read_statistics);
}

Result<std::string> Client::ping(Timeout timeout) {
  return impl_->call<std::string>(
      timeout, [](Stream& stream, Instant until) -> Result<std::string> {
        // The Postfix protocol has no ping. The greeting on a new stream shows that the server is
        // there.
        if (!stream.direct) {
          if (!stream.was_idle) return std::string{};
          stream.channel.set_in_step(false);
          return Error{ErrorCode::disconnected, "The check needs a new stream."};
        }
        return Impl::ask<std::string>(
            stream, until, nullptr,
            [](client::RequestId id) -> Result<std::string> { return client::ping_request(id); },
            client::read_pong);
      });
}

Result<Protocol> Client::protocol(Timeout timeout) {
  return impl_->call<Protocol>(timeout, [](Stream& stream, Instant) -> Result<Protocol> {
    return stream.direct ? Protocol::direct : Protocol::postfix;
  });
}

}  // namespace v0
}  // namespace scache
