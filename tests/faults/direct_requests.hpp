// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "base/clock.hpp"
#include "faults/visitor.hpp"
#include "support/rooms.hpp"

namespace scache::test {

// Requests in the direct protocol; each asks for it first where its visitor does not speak it yet.
// Each visitor has its own names.

// With a binding, if there is a destination; with so many more bytes of properties.
Visitor::Request save_directly(std::string endpoint, std::string destination = {},
                               std::chrono::milliseconds ttl = std::chrono::seconds{100},
                               std::size_t size = 0);
Visitor::Request bind_directly(std::string destination, std::string endpoint);
// So many lookups at once. Those that the kernel had no room for are repeated.
Visitor::Request find_directly(std::string endpoint, std::size_t count = 1);
Visitor::Request find_directly_by_destination(std::string destination);
// Lookups, by the endpoint and by the destination of that name, that must find nothing.
Visitor::Request find_nothing_directly(std::string name);
// All of an endpoint, of a destination, and of all whose names begin so.
Visitor::Request drop_endpoint(std::string endpoint);
Visitor::Request drop_destination(std::string destination);
Visitor::Request drop_prefix(std::string prefix);
// A drop of what nobody has, and its cancellation.
Visitor::Request drop_and_cancel();
// In pages of so many entries at the most: everything of that endpoint that must be there is told.
Visitor::Request list_directly(std::string endpoint, std::size_t limit);
// Statistics, a ping and requests that are refused, all at once.
Visitor::Request ask_directly();
// A save with two descriptors, in one message or in two, which is the end of the stream.
Visitor::Request save_two_directly(std::string endpoint);
Visitor::Request save_two_in_turn(std::string endpoint);
// A save with the visitor's own stream, which is refused.
Visitor::Request save_itself_directly(std::string endpoint);

// Leaves after that; a save is whole, or half of it with its descriptor.
Visitor::Request leave_directly_after(std::string bytes);
Visitor::Request save_directly_and_leave(std::string endpoint);
Visitor::Request save_half_and_leave(std::string endpoint);
// Sends that, or half of a save with its descriptor, and waits until the server has had enough.
Visitor::Request stall_directly_after(std::string bytes);
Visitor::Request save_half_and_stall(std::string endpoint);

}  // namespace scache::test
