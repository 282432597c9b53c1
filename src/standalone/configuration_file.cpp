// SPDX-License-Identifier: Apache-2.0
#include "standalone/configuration_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/fd.hpp"
#include "standalone/configuration_keys.hpp"
#include "standalone/configuration_tables.hpp"

namespace scache::standalone {
namespace {

void read_table(std::string_view name, const toml::table& table, const std::vector<Key>& keys,
                Reading& reading, Complaints& complaints) {
  for (const auto& [key, value] : table) {
    const auto known = std::ranges::find_if(keys, [&, word = key.str()](const Key& each) {
      return each.table == name && each.name == word;
    });
    if (known != keys.end()) {
      known->read(value, reading.configuration, complaints);
    } else {
      complaints.add(key.source(), fmt::format("unknown key {}.{}", name, key.str()));
    }
  }
}

void read_all(const toml::table& root, const Accounts& accounts, Reading& reading,
              Complaints& complaints) {
  const std::vector<Key> keys = configuration_keys(accounts);
  const std::vector<TableArray> arrays = configuration_tables(accounts);
  for (const auto& [key, value] : root) {
    const std::string_view name = key.str();
    const bool known =
        std::ranges::any_of(keys, [&](const Key& each) { return each.table == name; });
    const auto array = std::ranges::find(arrays, name, &TableArray::name);
    if (array != arrays.end()) {
      read_tables(*array, value, reading.configuration, complaints);
    } else if (!known) {
      complaints.add(key.source(), fmt::format("unknown key {}", name));
    } else if (const auto* table = value.as_table(); table != nullptr) {
      read_table(name, *table, keys, reading, complaints);
    } else {
      complaints.add(value.source(), fmt::format("{0} must be a table, written [{0}]", name));
    }
  }
  if (reading.configuration.ttl_default > reading.configuration.ttl_limit) {
    const toml::node* usual = root["ttl"]["default"].node();
    if (usual != nullptr) {
      complaints.add(usual->source(), "ttl.default must not exceed ttl.limit");
    } else {
      reading.configuration.ttl_default = reading.configuration.ttl_limit;
    }
  }
}

}  // namespace

Reading parse_configuration(std::string_view text, const std::string& file,
                            const Accounts& accounts) {
  Reading reading;
  Complaints complaints;
  try {
    const toml::table root = toml::parse(text);
    read_all(root, accounts, reading, complaints);
  } catch (const toml::parse_error& error) {
    complaints.add(error.source(), std::string{error.description()});
  }
  reading.complaints = complaints.take(file);
  return reading;
}

Reading read_configuration(const std::string& file, const Accounts& accounts) {
  const auto failure = [&](std::string_view why) {
    return Reading{{}, {fmt::format("{}: {}", file, why)}};
  };
  // O_NONBLOCK: open(2) of a FIFO must not block before the check for a regular file.
  const Fd opened{::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
  struct stat status{};
  if (!opened || ::fstat(opened.get(), &status) != 0) return failure(std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return failure("not a regular file");
  std::string text(kMaxConfigurationBytes + 1, '\0');
  std::size_t size = 0;
  for (ssize_t count = 1; count != 0 && size < text.size();) {
    count = ::read(opened.get(), text.data() + size, text.size() - size);
    if (count < 0) return failure(std::strerror(errno));
    size += static_cast<std::size_t>(count);
  }
  if (size > kMaxConfigurationBytes) {
    return failure(fmt::format("larger than {} bytes", kMaxConfigurationBytes));
  }
  text.resize(size);
  return parse_configuration(text, file, accounts);
}

std::string show_configuration(const Configuration& configuration) {
  std::string text;
  std::string_view table;
  for (const Key& key : configuration_keys({})) {
    if (key.table != table) text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", key.table);
    table = key.table;
    text += fmt::format("{} = {}\n", key.name, key.show(configuration));
  }
  for (const TableArray& array : configuration_tables({})) text += array.show(configuration);
  return text;
}

}  // namespace scache::standalone
