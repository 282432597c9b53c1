#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/accounts.hpp"
#include "standalone/configuration.hpp"

namespace scache::standalone {

// Complaints collects what is wrong with a file, and where.
class Complaints {
 public:
  // A position that toml++ does not know is that of the file's beginning.
  void add(const toml::source_region& where, std::string text);
  // In the order of the file.
  std::vector<std::string> take(const std::string& file);

 private:
  struct Complaint {
    std::uint32_t line;
    std::uint32_t column;
    std::string text;
  };
  std::vector<Complaint> complaints_;
};

// One key of the configuration: how its value is read, and how it is shown.
struct Key {
  std::string_view table;
  std::string_view name;
  std::function<void(const toml::node&, Configuration&, Complaints&)> read;
  std::function<std::string(const Configuration&)> show;
};

// All keys, in the order in which they are shown. Those of a table stand together.
std::vector<Key> configuration_keys(const Accounts& accounts);

// The rules of [[hand_out]], which are no single keys.
void read_hand_out(const toml::node& node, Configuration& configuration, Complaints& complaints);
std::string show_hand_out(const Configuration& configuration);

// A text as TOML quotes it.
std::string in_quotes(std::string_view text);

}  // namespace scache::standalone
