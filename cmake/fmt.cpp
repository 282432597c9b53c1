// fmt's own functions, compiled once. Debian has them as a shared library only.
#include <fmt/format-inl.h>

namespace fmt::inline v9::detail {
template thousands_sep_result<char> thousands_sep_impl<char>(locale_ref);
template char decimal_point_impl<char>(locale_ref);
}  // namespace fmt::inline v9::detail
