// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "faults/visitor.hpp"
#include "support/rooms.hpp"

namespace scache::test {

// Requests in the Postfix protocol. Names that visitors share would let them see each other's
// changes between a request and its answer; each has its own.
Visitor::Request save(std::string endpoint, std::string ttl = "100", std::size_t size = 0);
Visitor::Request bind(std::string destination, std::string endpoint);
// `then` is sent together with the last dummy, if there is one: a lookup of an endpoint that has
// no connection.
Visitor::Request find(std::string endpoint, std::string then = {});
Visitor::Request find_by_destination(std::string destination);
// Sends all at once; the answers are these.
Visitor::Request ask(std::string requests, std::vector<std::string> answers);
// A lookup that hits, with other words than those that it should be answered with.
Visitor::Request find_and_talk_nonsense(std::string endpoint);
// A save with two descriptors, and one with the visitor's own stream: both are refused.
Visitor::Request save_two(std::string endpoint);
Visitor::Request save_itself(std::string endpoint);
// Leaves after that; the next request connects again.
Visitor::Request leave_after(std::string bytes);
// Sends that, and waits until the server has had enough; the same after a lookup that hits.
Visitor::Request stall_after(std::string bytes);
Visitor::Request find_and_stall(std::string endpoint);

}  // namespace scache::test
