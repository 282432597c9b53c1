# SPDX-License-Identifier: Apache-2.0
# SCACHE_BUILD: the version, and in a git checkout the commit, with a "+" if files have changed.
set(SCACHE_BUILD ${PROJECT_VERSION})
find_program(GIT git)
if(GIT)
  execute_process(COMMAND ${GIT} describe --always --exclude=* --abbrev=12 --dirty=+
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE commit
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  execute_process(COMMAND ${GIT} rev-parse --path-format=absolute --git-path logs/HEAD
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE log
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(commit)
    string(APPEND SCACHE_BUILD " (${commit})")
  endif()
  if(log AND EXISTS ${log})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${log})
  endif()
endif()
