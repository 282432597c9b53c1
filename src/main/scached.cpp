// SPDX-License-Identifier: Apache-2.0
// scached, the standalone server. This file creates its parts and connects them;
// docs/architecture.md describes each.

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "base/accounts.hpp"
#include "base/process.hpp"
#include "base/random.hpp"
#include "base/socket_path.hpp"
#include "base/user_namespace.hpp"
#include "io/closer.hpp"
#include "io/loop.hpp"
#include "io/signals.hpp"
#include "main/scached_options.hpp"
#include "server/listen_policy.hpp"
#include "server/server.hpp"
#include "server/service.hpp"
#include "server/statistics_report.hpp"
#include "standalone/activation.hpp"
#include "standalone/configuration_file.hpp"
#include "standalone/listener.hpp"
#include "standalone/notifier.hpp"
#include "standalone/shares.hpp"

namespace {

using namespace scache::base;
using namespace scache::cache;
using namespace scache::io;
using namespace scache::server;
using namespace scache::standalone;

// Time limit for unfinished requests at shutdown.
constexpr Duration kFinishTime = std::chrono::seconds{5};
// Interval between two checks that the socket is still in the file system.
constexpr Duration kSocketInterval = std::chrono::seconds{5};

std::chrono::milliseconds milliseconds(Duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time);
}

// The configuration file, overridden by the command line.
Reading configure(const ScachedOptions& options) {
  const std::string& file = options.configuration;
  Reading reading = file.empty() ? Reading{} : read_configuration(file, system_accounts());
  Configuration& configuration = reading.configuration;
  if (!options.socket.empty()) configuration.socket_path = options.socket;
  if (configuration.socket_path.empty()) {
    configuration.socket_path = default_socket_path(::geteuid(), ::getenv("XDG_RUNTIME_DIR"));
  }
  if (options.log_level) configuration.log_level = *options.log_level;
  return reading;
}

Result<Listener> listen(const Configuration& configuration) {
  auto activated = take_activated_socket();
  if (!activated) return std::unexpected{activated.error()};
  if (*activated) return Listener{std::move(*activated)};
  return Listener::make(configuration.place());
}

Result<Capacity> capacity_of(const Configuration& configuration, Log& log) {
  const rlim_t descriptors = raise_descriptor_limit(log);
  if (descriptors < Capacity::kFewDescriptors) {
    log.warn("the limit of open files is low: {}", descriptors);
  }
  return share_out(descriptors, configuration.clients, configuration.connections);
}

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

// Serves until a signal arrives, or until it cannot create a lost socket again. Returns the exit
// status.
int serve(const ScachedOptions& options, Configuration configuration, Listener listening,
          const Capacity& capacity, ServerLog& log) {
  const OverflowIds overflow = overflow_ids();
  if (overflow.user == ::geteuid()) {
    log.warn("user {} has no access: this user namespace shows every unmapped user with this id",
             ::geteuid());
  }
  Notifier notifier = Notifier::from_environment();
  const auto watchdog = watchdog_interval_from_environment();
  std::optional<Listener> listener{std::move(listening)};

  Loop loop;
  Closer closer;
  Service service{{.limits = {.connections = capacity.connections,
                              .bindings_of_destination = configuration.bindings_of_destination,
                              .connection_bytes = configuration.connection_bytes,
                              .binding_bytes = configuration.binding_bytes},
                   .listening = {ListeningAddress{listener->descriptor()}},
                   .since = loop.now(),
                   .last_connection_id = random_number() >> Service::kSpareIdBits},
                  closer,
                  log};
  StatisticsReport report{loop, service, log, configuration.statistics_interval,
                          [] { return std::time(nullptr); }};
  service.find_newest_first(
      [&](std::string_view endpoint) { return configuration.newest_first(endpoint); });
  ListenPolicy policy = policy_of(configuration, capacity, overflow);
  Server server{loop, closer, service, log, {.clients = capacity.clients}};
  int status = EXIT_SUCCESS;

  Timer late{loop, [&] {
               log.warn("shutdown: closing the streams of {} clients with unfinished requests",
                        server.clients());
               loop.stop();
             }};
  const auto finish = [&] {
    notifier.stopping();
    late.set(after(loop.now(), kFinishTime));
    server.stop_accepting();
    listener.reset();
    server.finish([&] { loop.stop(); });
  };
  const auto keep_socket = [&] {
    if (listener->is_in_place()) return;
    log.warn("{}: the socket is gone: creating it again", listener->path());
    server.stop_accepting();
    if (const auto renewed = listener->renew(); renewed) {
      server.accept_from(listener->descriptor(), policy);
    } else {
      log.write(Severity::fatal, renewed.error().text);
      status = EXIT_FAILURE;
      finish();
    }
  };
  Timer socket_timer{loop, [&] {
                       if (listener) keep_socket();
                       if (listener) socket_timer.set(after(loop.now(), kSocketInterval));
                     }};
  const Configuration at_start = configuration;
  const auto reload = [&] {
    notifier.reloading(monotonic_microseconds());
    Reading reading = configure(options);
    for (const std::string& line : reading.complaints) log.write(Severity::error, line);
    if (reading.complaints.empty()) {
      const std::string later = differs_until_restart(at_start, reading.configuration);
      if (!later.empty()) log.warn("{}: changes take effect at the next start", later);
      configuration = std::move(reading.configuration);
      log.set(configuration.log_target, configuration.log_level);
      const WireLimits limits = policy.limits;
      policy = policy_of(configuration, capacity, overflow);
      // Limits change at the next start only.
      policy.limits = limits;
      report.set_interval(configuration.statistics_interval);
      log.write(Severity::info, "configuration reloaded");
    } else {
      log.write(Severity::error, "the configuration has errors: no changes were applied");
    }
    notifier.ready();
    keep_socket();
  };
  Signals signals{loop, {SIGTERM, SIGINT, SIGHUP}, [&](int number) {
                    if (number == SIGHUP && listener) reload();
                    if (number != SIGHUP && !listener) loop.stop();
                    if (number != SIGHUP && listener) finish();
                  }};
  Timer alive{loop, [&] {
                notifier.alive();
                alive.set(after(loop.now(), *watchdog));
              }};
  if (watchdog) alive.set(after(loop.now(), *watchdog));

  server.accept_from(listener->descriptor(), policy);
  log.write(Severity::info, "ready");
  notifier.ready();
  if (options.ready_fd >= 0) notify_ready(Fd{options.ready_fd});
  socket_timer.set(after(loop.now(), kSocketInterval));
  while (!loop.stopped()) loop.turn(Loop::Wait::block);
  report.report();
  return status;
}

int start(const ScachedOptions& options, ServerLog& log) {
  Reading reading = configure(options);
  if (const auto good = Listener::check(reading.configuration.socket_path);
      options.check && !reading.configuration.socket_path.empty() && !good) {
    reading.complaints.push_back(good.error().text);
  }
  if (options.check || (options.print && !reading.complaints.empty())) {
    for (const std::string& line : reading.complaints) fmt::print(stderr, "{}\n", line);
    return reading.complaints.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  if (options.print) {
    fmt::print("{}", show_configuration(reading.configuration));
    return EXIT_SUCCESS;
  }
  const auto fail = [&](std::string_view why) {
    log.write(Severity::fatal, why);
    return EXIT_FAILURE;
  };
  for (const std::string& line : reading.complaints) log.write(Severity::error, line);
  if (!reading.complaints.empty()) return fail("the configuration has errors");
  log.set(reading.configuration.log_target, reading.configuration.log_level);
  const auto capacity = capacity_of(reading.configuration, log);
  if (!capacity) return fail(capacity.error().text);
  auto listener = listen(reading.configuration);
  if (!listener) return fail(listener.error().text);
  return serve(options, std::move(reading.configuration), std::move(*listener), *capacity, log);
}

}  // namespace

int main(int argc, char* argv[]) {
  if (!prepare_server()) return EXIT_FAILURE;
  ServerLog log{{.journal = leads_to_journal(STDERR_FILENO, ::getenv("JOURNAL_STREAM"))}};
  try {
    const auto options = read_scached_options(argc, argv);
    return options ? start(*options, log) : options.error();
  } catch (const std::exception& failure) {
    log.write(Severity::fatal, failure.what());
    return EXIT_FAILURE;
  }
}
