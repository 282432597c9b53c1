// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <scache/async_client.hpp>
#include <utility>

#include "client/multiplex.hpp"

namespace scache {
inline namespace v0 {

using client::RequestId;
using wire::direct::Kind;
using wire::direct::Tag;

struct __attribute__((visibility("hidden"))) AsyncClient::Impl {
  explicit Impl(std::string path) : multiplex{std::move(path)} {}

  Request find(Tag by, std::string_view name) {
    const RequestId id = multiplex.next_id();
    multiplex.start(id, Kind::find, client::find_request(id, by, name));
    return id;
  }
  Request drop(Tag by, std::string_view name) {
    const RequestId id = multiplex.next_id();
    multiplex.start(id, Kind::drop, client::drop_request(id, by, name));
    return id;
  }

  client::Multiplex multiplex;
};

AsyncClient::AsyncClient(std::string socket_path)
    : impl_{std::make_unique<Impl>(std::move(socket_path))} {}
AsyncClient::AsyncClient(AsyncClient&& other) noexcept = default;
AsyncClient& AsyncClient::operator=(AsyncClient&& other) noexcept = default;
AsyncClient::~AsyncClient() = default;

AsyncClient::Request AsyncClient::find_endpoint(std::string_view endpoint) {
  return impl_->find(Tag::endpoint, endpoint);
}

AsyncClient::Request AsyncClient::find_destination(std::string_view destination) {
  return impl_->find(Tag::destination, destination);
}

AsyncClient::Request AsyncClient::save(Connection connection, const SaveOptions& options) {
  const RequestId id = impl_->multiplex.next_id();
  auto frame = client::save_request(id, connection, options, base::BootClock::now());
  impl_->multiplex.start(id, Kind::save, std::move(frame), std::move(connection));
  return id;
}

AsyncClient::Request AsyncClient::bind(const Binding& binding, std::string_view endpoint) {
  const RequestId id = impl_->multiplex.next_id();
  impl_->multiplex.start(id, Kind::bind, client::bind_request(id, binding, endpoint));
  return id;
}

AsyncClient::Request AsyncClient::drop_endpoint(std::string_view endpoint) {
  return impl_->drop(Tag::endpoint, endpoint);
}

AsyncClient::Request AsyncClient::drop_destination(std::string_view destination) {
  return impl_->drop(Tag::destination, destination);
}

AsyncClient::Request AsyncClient::drop_prefix(std::string_view prefix) {
  return impl_->drop(Tag::prefix, prefix);
}

AsyncClient::Request AsyncClient::list_page(const ListOptions& options,
                                            const std::optional<std::string>& cursor) {
  const RequestId id = impl_->multiplex.next_id();
  impl_->multiplex.start(id, Kind::list, client::list_request(id, options, cursor));
  return id;
}

AsyncClient::Request AsyncClient::statistics() {
  const RequestId id = impl_->multiplex.next_id();
  impl_->multiplex.start(id, Kind::statistics, client::statistics_request(id));
  return id;
}

AsyncClient::Request AsyncClient::ping() {
  const RequestId id = impl_->multiplex.next_id();
  impl_->multiplex.start(id, Kind::ping, client::ping_request(id));
  return id;
}

AsyncClient::Request AsyncClient::cancel(Request id) {
  const RequestId own = impl_->multiplex.next_id();
  impl_->multiplex.cancel(own, id);
  return own;
}

void AsyncClient::disconnect() {
  impl_->multiplex.disconnect();
}

int AsyncClient::descriptor() const noexcept {
  return impl_->multiplex.descriptor();
}

short AsyncClient::events() const noexcept {
  return impl_->multiplex.events();
}

bool AsyncClient::wants_process() const noexcept {
  return impl_->multiplex.wants_process();
}

void AsyncClient::process() {
  impl_->multiplex.process();
}

std::optional<AsyncClient::Outcome> AsyncClient::next_outcome() {
  return impl_->multiplex.next_outcome();
}

std::size_t AsyncClient::under_way() const noexcept {
  return impl_->multiplex.under_way();
}

}  // namespace v0
}  // namespace scache
