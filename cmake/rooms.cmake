# SPDX-License-Identifier: Apache-2.0
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

# Every room of src/rooms.txt: SCACHE_ROOMS names them, SCACHE_ROOMS_OF_<room> those that it may use.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/rooms.txt)
file(STRINGS ${PROJECT_SOURCE_DIR}/src/rooms.txt rooms REGEX "^[a-z]")
set(SCACHE_ROOMS)
foreach(room ${rooms})
  string(REGEX MATCHALL "[a-z_]+" names ${room})
  list(POP_FRONT names name)
  list(APPEND SCACHE_ROOMS ${name})
  set(SCACHE_ROOMS_OF_${name} ${names})
endforeach()

# scache_headers(OUT ROOM): a directory that has this folder of src and no other.
function(scache_headers out room)
  set(directory ${CMAKE_BINARY_DIR}/rooms/${room})
  file(MAKE_DIRECTORY ${directory})
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/src/${room} ${directory}/${room} SYMBOLIC)
  set(${out} ${directory} PARENT_SCOPE)
endfunction()

# scache_room(NAME): the static library of one folder of src. It sees the headers of the rooms that it
# may use, and no others.
function(scache_room name)
  scache_headers(headers ${name})
  set(used ${SCACHE_ROOMS_OF_${name}})
  list(TRANSFORM used PREPEND scache_)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  add_library(scache_${name} STATIC ${sources})
  target_include_directories(scache_${name} PUBLIC ${headers})
  target_link_libraries(scache_${name} PUBLIC scache_settings ${used})
  scache_precompiled(scache_${name} rooms LIBRARIES ${FMT})
endfunction()

# scache_sources(OUT SOURCE...): these sources of src, and those of all headers that they include.
function(scache_sources out)
  set(left ${ARGN})
  set(found)
  while(left)
    list(POP_FRONT left source)
    if(source IN_LIST found OR NOT EXISTS ${source})
      continue()
    endif()
    list(APPEND found ${source})
    file(STRINGS ${source} includes REGEX "^#include \"")
    foreach(include ${includes})
      string(REGEX REPLACE ".*\"(.*)\.hpp\".*" "${PROJECT_SOURCE_DIR}/src/\\1" name ${include})
      list(APPEND left ${name}.cpp ${name}.hpp)
    endforeach()
  endwhile()
  list(FILTER found INCLUDE REGEX "\\.cpp$")
  set(${out} ${found} PARENT_SCOPE)
endfunction()

# scache_program(NAME ROOM...): the program whose wiring is src/main/NAME.cpp, and whose command line,
# if that is elsewhere, src/main/NAME_options.cpp.
function(scache_program name)
  list(TRANSFORM ARGN PREPEND scache_)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/main/${name}.cpp
       ${PROJECT_SOURCE_DIR}/src/main/${name}_options.cpp)
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE ${ARGN})
  scache_headers(headers main)
  target_include_directories(${name} PRIVATE ${headers})
  if(SCACHE_STANDALONE)
    target_link_options(${name} PRIVATE -static-libstdc++ -static-libgcc)
  endif()
endfunction()
