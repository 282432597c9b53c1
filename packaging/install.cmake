# SPDX-License-Identifier: Apache-2.0
# What depends on the prefix that is chosen last, by `cmake --install --prefix`: scached's unit, which
# says where the program is, and the place of the configuration. Run where things are installed.
include(GNUInstallDirs)

set(made "${SCACHE_BINARY_DIR}/scached.service")
configure_file("${CMAKE_CURRENT_LIST_DIR}/scached.service.in" "${made}" @ONLY)
if(NOT IS_ABSOLUTE "${SCACHE_SYSTEMD_UNIT_DIR}")
  string(PREPEND SCACHE_SYSTEMD_UNIT_DIR "${CMAKE_INSTALL_PREFIX}/")
endif()
file(INSTALL "${made}" DESTINATION "${SCACHE_SYSTEMD_UNIT_DIR}")

# A configuration that is there stays as it is.
set(folder "${CMAKE_INSTALL_FULL_SYSCONFDIR}/scache")
if(NOT EXISTS "$ENV{DESTDIR}${folder}/scached.toml")
  file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/scached.toml" DESTINATION "${folder}")
endif()
