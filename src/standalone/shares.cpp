// SPDX-License-Identifier: Apache-2.0
#include "standalone/shares.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace scache::standalone {

Result<Capacity> share_out(std::size_t descriptors, std::size_t clients, std::size_t connections) {
  const Capacity usual = Capacity::of(descriptors);
  // Each client counts as two descriptors.
  const std::size_t most = usual.connections + 2 * usual.clients;
  const std::size_t taken = clients == 0 ? usual.clients : clients;
  const std::size_t wanted = std::max<std::size_t>(connections, 1);
  if (taken > most / 2 || most - 2 * taken < wanted) {
    return std::unexpected{Error{fmt::format(
        "limits: {} clients and {} connections need more than {} descriptors (RLIMIT_NOFILE)",
        taken, wanted, descriptors)}};
  }
  return Capacity{connections == 0 ? most - 2 * taken : connections, taken, usual.closing,
                  usual.goodbyes};
}

}  // namespace scache::standalone
