// SPDX-License-Identifier: Apache-2.0
// Sends one mail and exits. If SCACHE_SOCKET names a cache, the program uses a connection from the
// cache if there is one, and saves its connection for the next process:
//
//   smtp_send HOST PORT MESSAGE-ID

#include <netdb.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <scache/client.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

using namespace std::chrono_literals;

scache::Descriptor connect_to(const char* host, const char* port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host, port, &hints, &found) != 0) throw std::runtime_error("no such host");
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> address{found, &freeaddrinfo};
  scache::Descriptor socket{::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (::connect(socket.get(), found->ai_addr, found->ai_addrlen) != 0) {
    throw std::runtime_error("the mail server cannot be reached");
  }
  return socket;
}

// Reads one reply to its end, and no byte more: what follows belongs to the next user of the
// connection.
std::string reply(int socket) {
  std::string line;
  for (;;) {
    char byte = 0;
    if (::recv(socket, &byte, 1, 0) != 1) throw std::runtime_error("the mail server has gone");
    line += byte;
    if (byte != '\n') continue;
    if (line.size() < 4 || line[3] != '-') return line;
    line.clear();
  }
}

void command(int socket, std::string text) {
  text += "\r\n";
  if (::send(socket, text.data(), text.size(), MSG_NOSIGNAL) == -1) {
    throw std::runtime_error("the mail server has gone");
  }
  const std::string said = reply(socket);
  if (said[0] != '2' && said[0] != '3') throw std::runtime_error(said);
}

scache::Connection greeted(const char* host, const char* port, const std::string& endpoint) {
  scache::Connection connection{.descriptor = connect_to(host, port), .endpoint = endpoint};
  reply(connection.descriptor.get());
  command(connection.descriptor.get(), "EHLO client.test");
  return connection;
}

void send_mail(int socket, const std::string& id) {
  command(socket, "MAIL FROM:<>");
  command(socket, "RCPT TO:<someone@example.test>");
  command(socket, "DATA");
  command(socket, "Message-ID: <" + id + "@example.test>\r\n\r\nHello.\r\n.");
}

// Whether a connection from the cache still works: it may have ended in the meantime. RSET may be
// sent twice, unlike what follows it.
bool is_alive(int socket) {
  try {
    command(socket, "RSET");
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

void run(const char* host, const char* port, const std::string& id, scache::Client* cache) {
  const std::string endpoint = std::string{"smtp:"} + host + ":" + port;
  scache::Connection connection;
  // Without a server the lookup returns an error, and the program opens a new connection.
  if (cache != nullptr) connection = cache->find_endpoint(endpoint).value_or({});
  if (!connection || !is_alive(connection.descriptor.get())) {
    connection = greeted(host, port, endpoint);
  }
  send_mail(connection.descriptor.get(), id);
  if (cache != nullptr && cache->save(connection, {.ttl = 30s})) return;
  // After a save in doubt there is no descriptor: another process may have the connection.
  if (connection) command(connection.descriptor.get(), "QUIT");
}

}  // namespace

int main(int argc, char* argv[]) {
  if (argc != 4) {
    std::cerr << "usage: smtp_send HOST PORT MESSAGE-ID\n";
    return 2;
  }
  try {
    std::optional<scache::Client> cache;
    if (const char* const path = std::getenv("SCACHE_SOCKET")) cache.emplace(path);
    run(argv[1], argv[2], argv[3], cache ? &*cache : nullptr);
    return 0;
  } catch (const std::exception& problem) {
    std::cerr << "smtp_send: " << problem.what() << '\n';
    return 1;
  }
}
