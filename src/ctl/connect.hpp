#pragma once

#include <chrono>
#include <scache/connection.hpp>
#include <scache/result.hpp>
#include <string>

namespace scache::ctl {

// A new TCP connection that blocks, to the first address of a host that answers. `timeout` is for
// each address; looking the host up takes what the resolver takes.
Result<Descriptor> connect_to(const std::string& host, const std::string& port,
                              std::chrono::milliseconds timeout);

// Whether another program can go on with a connection: nothing waits to be read, and neither side
// has shut it down.
bool is_reusable(int descriptor) noexcept;

// Makes a descriptor block, whatever whoever had it before has left it like.
void make_blocking(int descriptor) noexcept;

}  // namespace scache::ctl
