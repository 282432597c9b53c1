// SPDX-License-Identifier: Apache-2.0
#include "ctl/commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "base/accounts.hpp"
#include "base/glob.hpp"
#include "ctl/complaint.hpp"
#include "ctl/exit_status.hpp"
#include "ctl/json.hpp"
#include "ctl/postfix.hpp"
#include "ctl/text.hpp"

namespace scache::ctl {
namespace {

using std::chrono::steady_clock;

void say(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

Result<Sample> take_sample(Client& cache) {
  auto statistics = cache.statistics();
  if (!statistics) return std::move(statistics).error();
  return Sample{std::move(*statistics), steady_clock::now()};
}

std::string user_name(std::uint64_t number) {
  const auto account = system_accounts().numbered(static_cast<uid_t>(number));
  return account ? account->name : fmt::to_string(number);
}

}  // namespace

int fail(const Error& error) {
  complain(error.text);
  return exit_status(error.code);
}

int execute(const PingCommand&, Client& cache, const Manner& manner) {
  const auto began = steady_clock::now();
  const auto server = cache.ping();
  const auto took = std::chrono::ceil<std::chrono::microseconds>(steady_clock::now() - began);
  if (!server) return fail(server.error());
  const std::string name =
      server->empty() ? "a server that supports only the Postfix protocol" : *server;
  say(manner.json ? json_of(*server, took)
                  : fmt::format("{}, in {} µs\n", show_bytes(name), took.count()));
  return kOk;
}

int execute(const StatsCommand& stats, Client& cache, const Manner& manner) {
  std::optional<Sample> before;
  for (;;) {
    auto now = take_sample(cache);
    if (!now) return fail(now.error());
    std::string text = manner.json ? json_of(now->statistics)
                                   : statistics_report(*now, before ? &*before : nullptr,
                                                       {.colours = manner.colours});
    if (!stats.watch) {
      say(text);
      return kOk;
    }
    if (!manner.json) {
      // A terminal is cleared before each table.
      if (manner.terminal) {
        text.insert(0, "\x1b[H\x1b[J");
      } else {
        text += '\n';
      }
    }
    say(text);
    if (std::ferror(stdout)) return kFailed;
    before = std::move(*now);
    std::this_thread::sleep_for(*stats.watch);
  }
}

int execute(const ListCommand& list, Client& cache, const Manner& manner) {
  auto entries = cache.list({.connections = list.connections,
                             .bindings = list.bindings,
                             .prefix = literal_prefix(list.pattern)});
  if (!entries) return fail(entries.error());
  std::erase_if(*entries, [&](const Entry& entry) {
    return !glob_matches(
        list.pattern, entry.kind == Entry::Kind::connection ? entry.endpoint : entry.destination);
  });
  say(manner.json
          ? json_of(*entries)
          : list_report(*entries, {.colours = manner.colours, .properties = list.properties},
                        user_name));
  return entries->empty() && list.pattern != "*" ? kNotFound : kOk;
}

int execute(const DropCommand& drop, Client& cache, const Manner& manner) {
  const auto dropped = drop.by == DropCommand::By::endpoint      ? cache.drop_endpoint(drop.name)
                       : drop.by == DropCommand::By::destination ? cache.drop_destination(drop.name)
                                                                 : cache.drop_prefix(drop.name);
  if (!dropped) return fail(dropped.error());
  say(manner.json ? json_of(*dropped) : dropped_report(*dropped));
  return kOk;
}

int execute(const SaveCommand& save, Client& cache, const Manner& manner) {
  Connection connection{.descriptor = Descriptor{save.descriptor},
                        .endpoint = save.endpoint,
                        .endpoint_properties = save.properties};
  const auto saved = cache.save(connection, save.options);
  if (!saved) return fail(saved.error());
  if (manner.json) say(json_of(*saved));
  return kOk;
}

int execute(const PostfixCommand& postfix, Client&, const Manner&) {
  return choose_server(postfix);
}

}  // namespace scache::ctl
