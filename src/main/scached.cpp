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
#include "server/server.hpp"
#include "server/service.hpp"
#include "server/statistics_report.hpp"
#include "standalone/activation.hpp"
#include "standalone/configuration_file.hpp"
#include "standalone/lifecycle.hpp"
#include "standalone/listen_keys.hpp"
#include "standalone/listeners.hpp"
#include "standalone/notifier.hpp"
#include "standalone/shares.hpp"

namespace {

using namespace scache::base;
using namespace scache::cache;
using namespace scache::io;
using namespace scache::server;
using namespace scache::standalone;

// The configuration file with Postfix's main.cf, overridden by the command line.
Reading configure(const ScachedOptions& options, Log& log) {
  const std::string& file = options.configuration;
  Reading reading = file.empty() ? Reading{} : read_configuration(file, system_accounts());
  Configuration& configuration = reading.configuration;
  if (reading.complaints.empty()) {
    reading.complaints = read_main_cf(system_accounts(), configuration, log);
  }
  if (!options.socket.empty()) configuration.socket_path = options.socket;
  if (configuration.socket_path.empty()) {
    configuration.socket_path = default_socket_path(::geteuid(), ::getenv("XDG_RUNTIME_DIR"));
  }
  if (options.log_level) configuration.log_level = *options.log_level;
  return reading;
}

Result<Listeners> listen(const Configuration& configuration) {
  auto passed = take_activated_sockets();
  if (!passed) return std::unexpected{passed.error()};
  return Listeners::open(configuration, *std::move(passed));
}

Result<Capacity> capacity_of(const Configuration& configuration, Log& log) {
  const rlim_t descriptors = raise_descriptor_limit(log);
  if (descriptors < Capacity::kFewDescriptors) {
    log.warn("the limit of open files is low: {}", descriptors);
  }
  return share_out(descriptors, configuration.clients, configuration.connections);
}

// Serves until a signal arrives, or until it cannot create a lost socket again. Returns the exit
// status.
int serve(const ScachedOptions& options, Configuration configuration, Listeners listeners,
          const Capacity& capacity, ServerLog& log) {
  const OverflowIds overflow = overflow_ids();
  if (overflow.user == ::geteuid()) {
    log.warn("user {} has no access: this user namespace shows every unmapped user with this id",
             ::geteuid());
  }
  Notifier notifier = Notifier::from_environment();
  Loop loop;
  Closer closer;
  closer.set_most_behind(capacity.closing);
  Service service{{.limits = configuration.cache_limits(capacity.connections),
                   .listening = listeners.addresses(),
                   .since = loop.now(),
                   .last_connection_id = random_number() >> Service::kSpareIdBits},
                  closer,
                  log};
  service.hand_out([&](std::string_view endpoint) -> const HandOut& {
    return configuration.hand_out(endpoint);
  });
  service.probe([&](std::string_view endpoint) { return configuration.probe(endpoint); });
  service.say_goodbye([&](std::string_view endpoint) { return configuration.goodbye(endpoint); });
  StatisticsReport report{loop, service, log, configuration.shortest_statistics_interval(),
                          [] { return std::time(nullptr); }};
  listeners.set_policies(configuration, capacity, overflow);
  Server server{
      loop, closer, service, log, {.clients = capacity.clients, .goodbyes = capacity.goodbyes}};
  Lifecycle lifecycle{{.loop = loop,
                       .service = service,
                       .server = server,
                       .report = report,
                       .log = log,
                       .notifier = notifier,
                       .configuration = configuration,
                       .listeners = listeners},
                      {.capacity = capacity,
                       .overflow = overflow,
                       .watchdog = watchdog_interval_from_environment(),
                       .configure = [&] { return configure(options, log); }}};
  Signals signals{
      loop, {SIGTERM, SIGINT, SIGHUP}, [&](int number) { lifecycle.handle_signal(number); }};
  lifecycle.start();
  if (options.ready_fd >= 0) notify_ready(Fd{options.ready_fd});
  while (!loop.stopped()) loop.turn(Loop::Wait::block);
  report.report();
  return lifecycle.exit_status();
}

int start(const ScachedOptions& options, ServerLog& log) {
  Reading reading = configure(options, log);
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
  auto listeners = listen(reading.configuration);
  if (!listeners) return fail(listeners.error().text);
  return serve(options, std::move(reading.configuration), *std::move(listeners), *capacity, log);
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
