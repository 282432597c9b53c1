// SPDX-License-Identifier: Apache-2.0
#include "standalone/lifecycle.hpp"

#include <csignal>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>

namespace scache::standalone {
Lifecycle::Lifecycle(const Parts& parts, Settings settings)
    : parts_{parts},
      settings_{std::move(settings)},
      at_start_{parts.configuration},
      exit_status_{EXIT_SUCCESS},
      goodbyes_{parts.loop, parts.service},
      late_{parts.loop,
            [this] {
              parts_.log.warn(
                  "shutdown: closing the streams of {} clients with unfinished requests",
                  parts_.server.clients());
              leave();
            }},
      socket_check_{parts.loop, [this] { keep_sockets(); }},
      watchdog_{parts.loop, [this] {
                  parts_.notifier.alive();
                  watchdog_.set(after(parts_.loop.now(), *settings_.watchdog));
                }} {}

void Lifecycle::start() {
  state_ = State::serving;
  parts_.listeners.accept(parts_.server);
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
  keep_sockets();
}

void Lifecycle::apply(Configuration configuration) {
  const std::string later = differs_until_restart(at_start_, configuration);
  if (!later.empty()) parts_.log.warn("{}: changes take effect at the next start", later);
  parts_.log.set(configuration.log_target, configuration.log_level);
  parts_.report.set_interval(configuration.shortest_statistics_interval());
  parts_.listeners.set_policies(configuration, settings_.capacity, settings_.overflow);
  parts_.configuration = std::move(configuration);
}

void Lifecycle::drain() {
  state_ = State::draining;
  parts_.notifier.stopping();
  socket_check_.set(kNever);
  late_.set(after(parts_.loop.now(), kDrainTime));
  parts_.server.stop_accepting();
  parts_.listeners.close();
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

void Lifecycle::keep_sockets() {
  socket_check_.set(after(parts_.loop.now(), kSocketInterval));
  const auto kept = parts_.listeners.keep(parts_.server, parts_.log);
  if (kept) return;
  parts_.log.write(Severity::fatal, kept.error().text);
  exit_status_ = EXIT_FAILURE;
  drain();
}

}  // namespace scache::standalone
