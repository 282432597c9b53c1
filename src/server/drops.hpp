#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/rooms.hpp"
#include "cache/cache.hpp"
#include "server/service.hpp"

namespace scache::server {

// Drops are a client's requests to drop many entries, which are under way at the same time, a slice
// of one and then of the next: nobody waits for the end of thousands. What is saved after such a
// request has come stays.
class Drops {
 public:
  // Entries that are looked at for one slice.
  static constexpr std::size_t kEntriesOfSlice = 128;
  // At once; further requests are to wait.
  static constexpr std::size_t kMostUnderWay = 64;

  enum class Of : std::uint8_t {
    // Connections under an endpoint's name.
    endpoint,
    // Connections and bindings whose name begins so.
    prefix,
  };
  struct Dropped {
    std::uint64_t request;
    std::uint64_t connections;
    std::uint64_t bindings;
  };

  explicit Drops(Service& service) : service_{service} {}

  bool empty() const noexcept { return under_way_.empty(); }
  bool full() const noexcept { return under_way_.size() >= kMostUnderWay; }
  std::size_t size() const noexcept { return under_way_.size(); }

  void begin(std::uint64_t request, Of of, std::string_view name);
  // Ends the request without having finished; false where there is none of that id.
  bool cancel(std::uint64_t request) noexcept;
  // Does a slice of the next, and tells if that is done with it.
  void work(const std::function<void(const Dropped&)>& done);

 private:
  struct Drop {
    Dropped dropped;
    Of of;
    std::string name;
    Position from;
    // The last entry that was there.
    std::uint64_t last;
  };
  // Answers whether it is done.
  bool work_on(Drop& drop);

  Service& service_;
  std::vector<Drop> under_way_;
  // Whose slice comes next.
  std::size_t next_ = 0;
};

}  // namespace scache::server
