// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/log.hpp"
#include "base/rooms.hpp"
#include "cache/observer.hpp"

namespace scache::server {

// ChangeLog logs the changes of the cache as details.
class ChangeLog final : public CacheObserver {
 public:
  explicit ChangeLog(Log& log) : log_{log} {}

  void connection_saved(const ConnectionRecord& connection) noexcept override;
  void connection_left(const ConnectionRecord& connection, Departure why) noexcept override;
  void binding_saved(const BindingRecord& binding) noexcept override;
  void binding_renewed(const BindingRecord& binding) noexcept override;
  void binding_left(const BindingRecord& binding, Departure why) noexcept override;

 private:
  void log(const BindingRecord& binding, std::string_view what) noexcept;

  Log& log_;
};

}  // namespace scache::server
