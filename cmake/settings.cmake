# SPDX-License-Identifier: Apache-2.0
# Compiler settings for every target: language, warnings, sanitizers, coverage.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

option(SCACHE_TESTS "Build the tests" OFF)
option(SCACHE_FUZZERS "Build the fuzz targets" OFF)
option(SCACHE_BENCHMARKS "Build the benchmarks" OFF)
option(SCACHE_WARNINGS "All warnings, as errors" OFF)
# Only a build without sees which include a file lacks.
option(SCACHE_PRECOMPILE "Precompile headers" OFF)
set(SCACHE_TEST_FLAGS "" CACHE STRING "The compiler's options for tests, behind those of the build type")
option(SCACHE_LIBRARY "Build libscache as it is installed" ON)
option(SCACHE_COVERAGE "Instrument for coverage" OFF)
set(SCACHE_SANITIZE "" CACHE STRING "Sanitizers, separated by commas: address,undefined")

add_library(scache_settings INTERFACE)
target_compile_definitions(scache_settings INTERFACE _GNU_SOURCE)
if(SCACHE_WARNINGS)
  target_compile_options(scache_settings INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror)
endif()
if(SCACHE_TESTS)
  # What tests see and change inside (src/cache/hooks.hpp).
  target_compile_definitions(scache_settings INTERFACE SCACHE_TEST_HOOKS)
endif()
if(SCACHE_SANITIZE)
  # Without vptr: that check opens a pipe, and calls a good object bad when no descriptor is left.
  target_compile_options(scache_settings INTERFACE
    -fsanitize=${SCACHE_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  # GCC documents more false alarms of this warning with sanitizers; GCC 14 has some in Boost.
  target_compile_options(scache_settings INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(scache_settings INTERFACE -fsanitize=${SCACHE_SANITIZE})
endif()
if(SCACHE_COVERAGE)
  # clang's: the counters can lie in a shared mapping of their file, so that what a process counted
  # is there however it ended, and wherever it had gone: killed, as another user, in a jail.
  target_compile_options(scache_settings INTERFACE
    -fprofile-instr-generate -fcoverage-mapping -mllvm -runtime-counter-relocation)
  target_link_options(scache_settings INTERFACE -fprofile-instr-generate)
endif()
# Public Boost headers are not ours to warn about.
set(CMAKE_NO_SYSTEM_FROM_IMPORTED OFF)
