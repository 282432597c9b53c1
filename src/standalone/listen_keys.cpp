// SPDX-License-Identifier: Apache-2.0
#include "standalone/listen_keys.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "standalone/identities.hpp"
#include "standalone/socket_values.hpp"

namespace scache::standalone {
namespace {

// Longer names make lines of the log hard to read.
constexpr std::size_t kMaxTag = 64;

// As in Postfix's own server.
constexpr const char* kPostfixTag = "scache socket";

bool is_printable(const std::string& text) {
  return std::ranges::all_of(text, [](char each) { return each >= ' ' && each <= '~'; });
}

void read_tag(const toml::node& node, SocketTable& socket, Complaints& complaints) {
  const auto tag = node.value_exact<std::string>();
  if (!tag || tag->empty() || tag->size() > kMaxTag || !is_printable(*tag)) {
    complaints.add(node.source(),
                   fmt::format("listen.tag must be 1 to {} printable characters", kMaxTag));
  } else {
    socket.tag = *tag;
  }
}

void read_postfix(const toml::node& node, SocketTable& socket, Complaints& complaints) {
  const auto directory = node.value_exact<std::string>();
  if (!directory || !directory->starts_with('/')) {
    complaints.add(node.source(), "listen.postfix must be the absolute path of a directory");
  } else {
    socket.postfix = *directory;
  }
}

}  // namespace

void read_listen(const toml::table& table, const Accounts& accounts, Configuration& configuration,
                 Complaints& complaints) {
  const LookUpId user = user_ids(accounts);
  const LookUpId group = group_ids(accounts);
  SocketTable socket;
  if (table.contains("postfix")) socket.tag = kPostfixTag;
  for (const auto& [key, value] : table) {
    if (key == "path") {
      socket.path = read_socket_path(value, "listen.path", complaints).value_or("");
    } else if (key == "owner") {
      socket.owner = read_owner(value, user, "listen.owner", "user", complaints);
    } else if (key == "group") {
      socket.group = read_owner(value, group, "listen.group", "group", complaints);
    } else if (key == "mode") {
      socket.mode = read_mode(value, "listen.mode", complaints).value_or(socket.mode);
    } else if (key == "users") {
      socket.users = read_identities(value, user, "listen.users", "user", complaints);
    } else if (key == "groups") {
      socket.groups = read_identities(value, group, "listen.groups", "group", complaints);
    } else if (key == "tag") {
      read_tag(value, socket, complaints);
    } else if (key == "postfix") {
      read_postfix(value, socket, complaints);
    } else {
      complaints.add(key.source(), fmt::format("unknown key listen.{}", key.str()));
    }
  }
  if (!table.contains("path") && !table.contains("postfix")) {
    complaints.add(table.source(), "a [[listen]] needs path or postfix");
  }
  configuration.listens.push_back(std::move(socket));
}

std::string show_listens(const Configuration& configuration) {
  std::string text;
  for (const SocketTable& socket : configuration.listens) {
    text += fmt::format(
        "\n[[listen]]\npath = {}\nowner = {}\ngroup = {}\nmode = {}\nusers = {}\ngroups = {}\n"
        "tag = {}\n",
        in_quotes(socket.path), show_owner(socket.owner), show_owner(socket.group),
        show_mode(socket.mode), show_identities(socket.users), show_identities(socket.groups),
        in_quotes(socket.tag));
    if (!socket.postfix.empty()) text += fmt::format("postfix = {}\n", in_quotes(socket.postfix));
  }
  return text;
}

std::vector<std::string> read_main_cf(const Accounts& accounts, Configuration& configuration,
                                      Log& log) {
  std::vector<std::string> complaints;
  for (SocketTable& socket : configuration.listens) {
    if (socket.postfix.empty()) continue;
    auto settings = read_postfix_settings(socket.postfix, accounts, log);
    if (!settings) {
      complaints.push_back(fmt::format("{}: {}", socket.postfix, settings.error().text));
      continue;
    }
    const Identity owner{settings->mail_owner.name, settings->mail_owner.uid};
    if (socket.path.empty()) socket.path = settings->socket;
    if (!socket.owner && ::geteuid() == 0) socket.owner = owner;
    if (socket.users.empty()) socket.users = {owner};
    socket.main_cf = *std::move(settings);
  }
  return complaints;
}

}  // namespace scache::standalone
