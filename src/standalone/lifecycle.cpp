// SPDX-License-Identifier: Apache-2.0
#include "standalone/lifecycle.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <limits>
#include <string>
#include <utility>

namespace scache::standalone {
namespace {

std::chrono::milliseconds milliseconds(Duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time);
}

}  // namespace

ListenPolicy policy_of(const Configuration& configuration, const Capacity& capacity,
                       const OverflowIds& overflow) {
  return {
      .access = configuration.access(::geteuid(), overflow),
      .clients_of_user = configuration.admits_others() ? capacity.clients_of_user()
                                                       : std::numeric_limits<std::size_t>::max(),
      .limits = {.name = configuration.name_bytes, .properties = configuration.properties_bytes},
      .time_limit = configuration.request_time,
      .ttl_limit = milliseconds(configuration.ttl_limit),
      .ttl_default = milliseconds(configuration.ttl_default),
      .source = "client"};
}

Lifecycle::Lifecycle(const Parts& parts, Settings settings, Listener listener)
    : parts_{parts},
      settings_{std::move(settings)},
      at_start_{parts.configuration},
      listener_{std::move(listener)},
      exit_status_{EXIT_SUCCESS},
      goodbyes_{parts.loop, parts.service},
      late_{parts.loop,
            [this] {
              parts_.log.warn(
                  "shutdown: closing the streams of {} clients with unfinished requests",
                  parts_.server.clients());
              leave();
            }},
      socket_check_{parts.loop, [this] { keep_socket(); }},
      watchdog_{parts.loop, [this] {
                  parts_.notifier.alive();
                  watchdog_.set(after(parts_.loop.now(), *settings_.watchdog));
                }} {}

void Lifecycle::start() {
  state_ = State::serving;
  parts_.server.accept_from(listener_->descriptor(), parts_.policy);
  parts_.log.write(Severity::info, "ready");
  parts_.notifier.ready();
  socket_check_.set(after(parts_.loop.now(), kSocketInterval));
  if (settings_.watchdog) watchdog_.set(after(parts_.loop.now(), *settings_.watchdog));
}

void Lifecycle::handle_signal(int number) {
  if (number == SIGHUP) {
    if (state_ == State::serving) reload_or_log();
  } else if (state_ == State::serving) {
    drain();
  } else {
    stop();
  }
}

// An exception, usually std::bad_alloc, must not end the handling of signals.
void Lifecycle::reload_or_log() noexcept {
  try {
    reload();
  } catch (const std::exception& failure) {
    parts_.log.warn("cannot reload the configuration: {}", failure.what());
    parts_.notifier.ready();
  }
}

void Lifecycle::reload() {
  parts_.notifier.reloading(monotonic_microseconds());
  Reading reading = settings_.configure();
  for (const std::string& line : reading.complaints) parts_.log.write(Severity::error, line);
  if (reading.complaints.empty()) {
    apply(std::move(reading.configuration));
    parts_.log.write(Severity::info, "configuration reloaded");
  } else {
    parts_.log.write(Severity::error, "the configuration has errors: no changes were applied");
  }
  parts_.notifier.ready();
  keep_socket();
}

void Lifecycle::apply(Configuration configuration) {
  const std::string later = differs_until_restart(at_start_, configuration);
  if (!later.empty()) parts_.log.warn("{}: changes take effect at the next start", later);
  parts_.log.set(configuration.log_target, configuration.log_level);
  parts_.report.set_interval(configuration.statistics_interval);
  const WireLimits limits = parts_.policy.limits;
  parts_.policy = policy_of(configuration, settings_.capacity, settings_.overflow);
  parts_.policy.limits = limits;
  parts_.configuration = std::move(configuration);
}

void Lifecycle::drain() {
  state_ = State::draining;
  parts_.notifier.stopping();
  socket_check_.set(kNever);
  late_.set(after(parts_.loop.now(), kDrainTime));
  parts_.server.stop_accepting();
  listener_.reset();
  parts_.server.finish([this] {
    if (state_ == State::draining) leave();
  });
}

void Lifecycle::leave() {
  state_ = State::leaving;
  late_.set(kNever);
  goodbyes_.start(kGoodbyeTime, [this] { stop(); });
}

void Lifecycle::stop() noexcept {
  state_ = State::stopped;
  goodbyes_.stop();
  parts_.loop.stop();
}

void Lifecycle::keep_socket() {
  socket_check_.set(after(parts_.loop.now(), kSocketInterval));
  if (listener_->is_in_place()) return;
  parts_.log.warn("{}: the socket is gone: creating it again", listener_->path());
  parts_.server.stop_accepting();
  if (const auto renewed = listener_->renew(); renewed) {
    parts_.server.accept_from(listener_->descriptor(), parts_.policy);
  } else {
    parts_.log.write(Severity::fatal, renewed.error().text);
    exit_status_ = EXIT_FAILURE;
    drain();
  }
}

}  // namespace scache::standalone
