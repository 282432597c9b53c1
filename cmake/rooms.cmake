# scache_room(NAME USED...): the static library of one folder of src, and what it may use.
function(scache_room name)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  list(TRANSFORM ARGN REPLACE "^(base|cache|wire|io|server|postfix|standalone|client|ctl)$" "scache_\\1")
  if(sources)
    add_library(scache_${name} STATIC ${sources})
    target_link_libraries(scache_${name} PUBLIC scache_settings ${ARGN})
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
