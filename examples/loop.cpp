#include <poll.h>

#include <chrono>
#include <iostream>
#include <scache/async_client.hpp>
#include <utility>
#include <variant>

// Finds a connection of each endpoint on the command line, all at once, and saves it again.
int main(int count, char* words[]) {
  using namespace std::chrono_literals;
  scache::AsyncClient cache;
  for (int i = 1; i < count; ++i) cache.find_endpoint(words[i]);
  while (cache.under_way() > 0) {
    cache.process();
    while (auto outcome = cache.next_outcome()) {
      if (!outcome->answer) {
        std::cerr << outcome->answer.error().text << '\n';
        continue;
      }
      auto* const found = std::get_if<scache::Connection>(&*outcome->answer);
      if (found == nullptr || !*found) continue;
      std::cout << found->endpoint << '\n';
      cache.save(std::move(*found), {.ttl = 30s});
    }
    if (cache.under_way() == 0 || cache.wants_process()) continue;
    pollfd stream{cache.descriptor(), cache.events(), 0};
    if (::poll(&stream, 1, 2'000) == 0) cache.disconnect();
  }
}
