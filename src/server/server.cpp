// SPDX-License-Identifier: Apache-2.0
#include "server/server.hpp"

#include <exception>
#include <memory>
#include <utility>

namespace scache::server {

Server::Server(Loop& loop, Closer& closer, Service& service, Log& log, const Settings& settings)
    : loop_{loop},
      closer_{closer},
      service_{service},
      log_{log},
      settings_{settings},
      clients_{loop, log, settings.clients, [this] { emptied(); }},
      closing_{loop, closer, log},
      expiry_{loop, service},
      watcher_{loop, service, log},
      farewells_{loop, closer, settings.goodbyes,
                 [this](Farewells::End how) { service_.count_goodbye(how); }},
      prober_{loop, closer, service, log},
      left_out_{loop, [this] { log_.log_left_out(loop_.now()); }},
      idle_exit_{loop, [this] { settings_.idle_too_long(); }} {
  service_.observe(watcher_);
  service_.observe(prober_);
  service_.use_prober(&prober_);
  service_.use_farewells(&farewells_);
  loop_.before_wait([this] { before_wait(); });
}

Server::~Server() {
  loop_.before_wait({});
  // Its owner may be gone already.
  finished_ = {};
  clients_.end_all();
  service_.use_prober(nullptr);
  service_.stop_observing(prober_);
  service_.stop_observing(watcher_);
  service_.use_farewells(nullptr);
  log_.log_left_out(kNever);
}

void Server::accept_from(int listening, const ListenPolicy& policy) {
  if (settings_.max_idle > Duration::zero()) {
    idle_exit_.set(after(loop_.now(), settings_.max_idle));
  }
  acceptors_.emplace_back(
      loop_, closer_, log_, clients_, listening, policy,
      [this](Fd socket, Caller caller) { serve(std::move(socket), std::move(caller)); });
}

void Server::adopt(Fd socket, const ListenPolicy& policy) {
  Caller caller = Caller::of(socket.get(), policy);
  serve(std::move(socket), std::move(caller));
}

void Server::serve(Fd socket, Caller caller) {
  try {
    auto client =
        std::make_unique<Client>(loop_, closer_, service_, log_, static_cast<ClientOwner&>(*this),
                                 std::move(socket), std::move(caller));
    Client& added = clients_.add(std::move(client));
    idle_exit_.set(kNever);
    added.start();
  } catch (const std::exception& failure) {
    log_.warn(LogKind::session, loop_.now(), "cannot start a client session: {}", failure.what());
  }
}

void Server::stop_accepting() noexcept {
  acceptors_.clear();
}

void Server::finish(std::function<void()> finished) {
  finished_ = std::move(finished);
  stop_accepting();
  if (clients_.count() == 0) finished_();
  clients_.dismiss_idle();
  clients_.end_done();
}

void Server::client_idle(Client& client) noexcept {
  clients_.set_state(client, finished_ ? Client::State::done : Client::State::idle);
}

void Server::client_busy(Client& client) noexcept {
  clients_.set_state(client, Client::State::busy);
  if (!std::exchange(had_request_, true) && settings_.first_request) settings_.first_request();
}

void Server::client_done(Client& client) noexcept {
  clients_.set_state(client, Client::State::done);
}

void Server::emptied() noexcept {
  if (finished_) finished_();
  if (settings_.max_idle > Duration::zero()) {
    idle_exit_.set(after(loop_.now(), settings_.max_idle));
  }
}

void Server::before_wait() noexcept {
  clients_.end_done();
  closing_.before_wait();
  if (memory_return_.is_due(service_.cache().bytes())) return_free_memory();
  expiry_.before_wait();
  if (const Instant next = log_.next_count(); next < left_out_.deadline()) left_out_.set(next);
}

}  // namespace scache::server
