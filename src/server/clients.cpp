// SPDX-License-Identifier: Apache-2.0
#include "server/clients.hpp"

#include <utility>

namespace scache::server {

Client& Clients::add(std::unique_ptr<Client> client) {
  // The last operation that can throw.
  ++count_of_user_[client->user()];
  Client& added = *client.release();
  all_.push_back(added);
  ++count_;
  return added;
}

std::size_t Clients::count_of(uid_t user) const noexcept {
  const auto of_user = count_of_user_.find(user);
  return of_user == count_of_user_.end() ? 0 : of_user->second;
}

void Clients::set_state(Client& client, Client::State state) noexcept {
  client.StateHook::unlink();
  if (client.state == Client::State::busy) --busy_count_;
  client.state = state;
  switch (state) {
    case Client::State::none:
      break;
    case Client::State::idle:
      idle_.push_back(client);
      break;
    case Client::State::busy:
      ++busy_count_;
      client.busy_since = loop_.now();
      busy_.push_back(client);
      break;
    case Client::State::done:
      done_.push_back(client);
      break;
  }
}

void Clients::end(Client& client) noexcept {
  set_state(client, Client::State::none);
  all_.erase(all_.iterator_to(client));
  --count_;
  const auto of_user = count_of_user_.find(client.user());
  if (--of_user->second == 0) count_of_user_.erase(of_user);
  delete &client;
  if (count_ == 0) emptied_();
}

void Clients::end_done() noexcept {
  while (!done_.empty()) end(done_.front());
}

void Clients::end_all() noexcept {
  while (!all_.empty()) end(all_.front());
}

void Clients::dismiss_idle() noexcept {
  while (!idle_.empty()) set_state(idle_.front(), Client::State::done);
}

bool Clients::is_overdue(const Client& client) const noexcept {
  return loop_.now() >= after(client.busy_since, kPatience);
}

bool Clients::may_make_room() const noexcept {
  if (count_ >= most_ + kClientsOnTheirWay) return false;
  if (!busy_.empty() && is_overdue(busy_.front())) return true;
  return !idle_.empty() && busy_count_ <= most_ / 2;
}

bool Clients::make_room(std::optional<uid_t> of_user) noexcept {
  const auto end_if_silent = [&](Client& client, const char* what) {
    if ((of_user && client.user() != *of_user) || !client.stop_if_silent()) return false;
    log_.detail("client closed to make room for another: {}", what);
    end(client);
    return true;
  };
  for (auto next = busy_.begin(); next != busy_.end() && is_overdue(*next);) {
    if (end_if_silent(*next++, "its request was unfinished longest")) return true;
  }
  for (auto next = idle_.begin(); next != idle_.end();) {
    if (end_if_silent(*next++, "it was idle longest")) return true;
  }
  // All clients have sent part of a request: close one after its reply.
  if (!of_user && !idle_.empty()) idle_.front().stop_input();
  return false;
}

}  // namespace scache::server
