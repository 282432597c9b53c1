# scache_precompiled(TARGET KIND [LIBRARIES NAME...] [OPTIONS NAME...]): TARGET is compiled with
# cmake/precompiled/KIND.hpp, which is precompiled once for all targets of a kind.
function(scache_precompiled target kind)
  cmake_parse_arguments(PARSE_ARGV 2 of "" "" "LIBRARIES;OPTIONS")
  if(NOT SCACHE_PRECOMPILE)
    return()
  endif()
  if(NOT TARGET precompiled_${kind})
    set(source ${CMAKE_BINARY_DIR}/precompiled/${kind}.cpp)
    file(CONFIGURE OUTPUT ${source} CONTENT "")
    add_library(precompiled_${kind} OBJECT ${source})
    target_link_libraries(precompiled_${kind} PRIVATE scache_settings ${of_LIBRARIES})
    target_include_directories(precompiled_${kind} PRIVATE ${PROJECT_SOURCE_DIR}/cmake)
    target_compile_options(precompiled_${kind} PRIVATE ${of_OPTIONS})
    target_precompile_headers(precompiled_${kind} PRIVATE
      ${PROJECT_SOURCE_DIR}/cmake/precompiled/${kind}.hpp)
  endif()
  target_precompile_headers(${target} REUSE_FROM precompiled_${kind})
  # clang forgets which warnings a precompiled header silences within itself.
  target_compile_options(${target} PRIVATE
    $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
endfunction()

# scache_room(NAME USED...): the static library of one folder of src, and what it may use.
function(scache_room name)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  list(TRANSFORM ARGN REPLACE "^(base|cache|wire|io|server|postfix|standalone|client|ctl)$" "scache_\\1")
  if(sources)
    add_library(scache_${name} STATIC ${sources})
    target_link_libraries(scache_${name} PUBLIC scache_settings ${ARGN})
    scache_precompiled(scache_${name} rooms LIBRARIES ${FMT})
  else()
    add_library(scache_${name} INTERFACE)
    target_link_libraries(scache_${name} INTERFACE scache_settings ${ARGN})
  endif()
endfunction()

# scache_program(NAME ROOM...): the program whose wiring is src/main/NAME.cpp, and whose command line,
# if that is elsewhere, src/main/NAME_options.cpp.
function(scache_program name)
  list(TRANSFORM ARGN PREPEND scache_)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/main/${name}.cpp
       ${PROJECT_SOURCE_DIR}/src/main/${name}_options.cpp)
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE ${ARGN})
  if(SCACHE_STANDALONE)
    target_link_options(${name} PRIVATE -static-libstdc++ -static-libgcc)
  endif()
endfunction()
