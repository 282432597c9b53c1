// SPDX-License-Identifier: Apache-2.0
// scache, the replacement of Postfix's scache(8): a child of master(8). This file creates its parts
// and connects them; docs/architecture.md describes each.

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/process.hpp"
#include "base/random.hpp"
#include "io/closer.hpp"
#include "io/end_watch.hpp"
#include "io/loop.hpp"
#include "io/signals.hpp"
#include "postfix/configuration.hpp"
#include "postfix/environment.hpp"
#include "postfix/mail_log.hpp"
#include "postfix/master.hpp"
#include "postfix/options.hpp"
#include "postfix/privileges.hpp"
#include "postfix/start.hpp"
#include "postfix/watchdog.hpp"
#include "server/capacity.hpp"
#include "server/child_life.hpp"
#include "server/listen_policy.hpp"
#include "server/server.hpp"
#include "server/service.hpp"
#include "server/statistics_report.hpp"

namespace {

using namespace scache::base;
using namespace scache::io;
using namespace scache::server;
namespace main_cf = scache::main_cf;
namespace postfix = scache::postfix;

// Postfix's servers reject unexpected arguments only when they begin to serve.
std::string surplus(const postfix::Options& options) {
  return "unexpected command-line argument: " + options.arguments.front();
}

// Serves until it has to stop. Returns the signal that stopped it, if any.
std::optional<int> serve(const postfix::Options& options, const main_cf::Parameters& parameters,
                         postfix::Inherited inherited, unsigned generation, std::size_t descriptors,
                         postfix::MailLog& log) {
  const Capacity capacity = Capacity::of(descriptors);
  std::vector<ListeningAddress> addresses;
  addresses.reserve(inherited.listeners.size());
  for (const Fd& each : inherited.listeners) addresses.emplace_back(each.get());
  const ListenPolicy policy{
      .time_limit = parameters.ipc_timeout,
      .ttl_limit = parameters.connection_cache_ttl_limit,
      .announces = !options.one_client,
      .source = options.one_client ? "unknown_stream" : options.service_name + " socket"};
  Loop loop;
  Closer closer;
  closer.set_most_behind(capacity.closing);
  Service service{{.limits = {.connections = capacity.connections},
                   .listening = std::move(addresses),
                   .since = loop.now(),
                   .last_connection_id = random_number() >> Service::kSpareIdBits},
                  closer,
                  log};
  // All connections that Postfix caches are SMTP or LMTP, whose goodbyes are the same. They are
  // plain, or lead to the tlsproxy(8) that encrypts them.
  const scache::health::Goodbye goodbye{
      .bytes = std::string{scache::health::goodbye_of("smtp").value()}};
  if (parameters.connection_cache_goodbye) {
    service.say_goodbye([&](std::string_view) { return &goodbye; });
  }
  StatisticsReport report{loop, service, log, parameters.connection_cache_status_update_time,
                          [] { return std::time(nullptr); }};
  postfix::MasterChannel master{std::move(inherited.status), parameters.process_id, generation};
  const auto first_request = [&] {
    if (!options.arguments.empty()) std::exit(postfix::fail_start(log, surplus(options)));
    master.note_request(log);
  };
  std::optional<ChildLife> life;
  Server server{loop,
                closer,
                service,
                log,
                {.clients = capacity.clients,
                 .goodbyes = capacity.goodbyes,
                 .max_idle = options.one_client ? Duration{1} : Duration{parameters.max_idle},
                 .first_request = first_request,
                 .idle_too_long = [&] { life->idle_too_long(); }}};
  life.emplace(loop, service, server);
  std::optional<EndWatch> master_gone;
  Signals signals{loop, {SIGTERM}, [&](int number) { life->handle_signal(number); }};
  postfix::Watchdog watchdog{parameters.daemon_timeout, log};

  if (options.one_client) {
    if (!options.arguments.empty()) std::exit(postfix::fail_start(log, surplus(options)));
    server.adopt(duplicate(STDIN_FILENO), policy);
  } else {
    for (const Fd& each : inherited.listeners) server.accept_from(each.get(), policy);
    master_gone.emplace(loop, master.descriptor(), [&] { life->parent_gone(); });
  }
  while (!loop.stopped()) {
    watchdog.pat();
    loop.turn(Loop::Wait::block);
  }
  report.report();
  return life->signal();
}

// Everything between the command line and the first client. Returns the signal that ended the
// server, if any.
Result<std::optional<int>> start_and_serve(const postfix::Options& options,
                                           const Result<void>& understood,
                                           const postfix::Environment& environment,
                                           postfix::MailLog& log) {
  const auto parameters = postfix::configure(options, understood, environment, log);
  if (!parameters) return std::unexpected{parameters.error()};
  const auto generation = postfix::parse_generation(environment.generation);
  if (!generation) return std::unexpected{generation.error()};
  log.detail("process generation: {} ({:o})", environment.generation.value_or("0"), *generation);
  auto inherited =
      options.one_client ? postfix::Inherited{} : postfix::adopt_inherited(options.sockets);
  if (!inherited) return std::unexpected{inherited.error()};

  const postfix::Jail jail{
      .queue_directory = parameters->queue_directory,
      .chroot = options.chroot,
      .owner = options.drop_privileges ? std::optional{parameters->mail_owner} : std::nullopt};
  const auto entered = postfix::enter_jail(jail);
  if (!entered) return std::unexpected{entered.error()};
  const rlim_t descriptors = raise_descriptor_limit(log);
  if (descriptors < Capacity::kFewDescriptors) {
    log.warn("could allocate space for only {} open files", descriptors);
  }
  return serve(options, *parameters, std::move(*inherited), *generation, descriptors, log);
}

}  // namespace

int main(int argc, char* argv[]) {
  if (!prepare_server()) return EXIT_FAILURE;
  const postfix::Environment environment = postfix::Environment::read();
  postfix::Options options{environment};
  const auto understood = options.read({argv, static_cast<std::size_t>(argc)});
  postfix::MailLog log{options.process_name, postfix::MailLogTarget::from(environment)};
  log.set_verbose(options.verbosity > 0);
  if (options.log_to_stderr) log.copy_to_stderr();
  try {
    const auto ended = start_and_serve(options, understood, environment, log);
    if (!ended) return postfix::fail_start(log, ended.error().text);
    log.flush();
    if (*ended) die_of(**ended);
    return EXIT_SUCCESS;
  } catch (const std::exception& failure) {
    return postfix::fail_start(log, failure.what());
  }
}
