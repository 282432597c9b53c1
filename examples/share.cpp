#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <scache/client.hpp>

// Opens a connection to a server on this machine.
static scache::Descriptor connect_to(unsigned short port) {
  scache::Descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    std::perror("connect");
    std::exit(1);
  }
  return socket;
}

int main() {
  using namespace std::chrono_literals;
  const std::string endpoint = "echo 127.0.0.1 7007";
  scache::Client cache;
  auto connection = cache.find_endpoint(endpoint).value_or({});
  if (!connection) connection = {.descriptor = connect_to(7007), .endpoint = endpoint};
  char reply[6];
  if (::write(connection.descriptor.get(), "hello\n", 6) != 6) return 1;
  const auto size = ::read(connection.descriptor.get(), reply, 6);
  if (size <= 0) return 1;
  std::cout.write(reply, size);
  const auto saved = cache.save(connection, {.ttl = 30s});
  if (!saved) std::cerr << saved.error().text << '\n';
}
