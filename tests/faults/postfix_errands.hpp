#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "faults/visitor.hpp"
#include "support/rooms.hpp"

namespace scache::test {

// Errands in Postfix's way. Names that visitors share would let them see each other's changes
// between a request and its answer; each has its own.
Visitor::Errand save(std::string endpoint, std::string ttl = "100", std::size_t size = 0);
Visitor::Errand bind(std::string destination, std::string endpoint);
// `then` is sent together with the last dummy, if there is one: a lookup of an endpoint that has
// no connection.
Visitor::Errand find(std::string endpoint, std::string then = {});
Visitor::Errand find_by_destination(std::string destination);
// Sends all at once; the answers are these.
Visitor::Errand ask(std::string requests, std::vector<std::string> answers);
// A lookup that hits, with other words than those that it should be answered with.
Visitor::Errand find_and_talk_nonsense(std::string endpoint);
// A save with two descriptors, and one with the visitor's own stream: both are refused.
Visitor::Errand save_two(std::string endpoint);
Visitor::Errand save_itself(std::string endpoint);
// Leaves after that; the next errand connects again.
Visitor::Errand leave_after(std::string bytes);
// Sends that, and waits until the server has had enough; the same after a lookup that hits.
Visitor::Errand stall_after(std::string bytes);
Visitor::Errand find_and_stall(std::string endpoint);

}  // namespace scache::test
