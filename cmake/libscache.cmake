# SPDX-License-Identifier: Apache-2.0
# libscache as it is installed: a shared library, a static one, and what others need to find them.
include(CMakePackageConfigHelpers)

# Both are made of the same objects, which are whole in themselves: no other library but the C++
# runtime's, nothing that only this compiler's link-time optimisation can read.
file(GLOB client_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/client/*.cpp)
scache_sources(library_sources ${client_sources})
add_library(scache_objects OBJECT ${library_sources})
target_link_libraries(scache_objects PRIVATE scache_settings)
target_include_directories(scache_objects PRIVATE src include)
set_target_properties(scache_objects PROPERTIES
  POSITION_INDEPENDENT_CODE ON INTERPROCEDURAL_OPTIMIZATION OFF
  CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)

# The number of the interface: it changes with what programs are linked against, and so does the
# inline namespace of the headers.
set(SCACHE_INTERFACE 0)
add_library(scache_shared SHARED)
add_library(scache_static STATIC)
set(exports ${PROJECT_SOURCE_DIR}/cmake/libscache.map)
target_link_options(scache_shared PRIVATE LINKER:--version-script=${exports})
if(SCACHE_SANITIZE)
  target_link_options(scache_shared PRIVATE -fsanitize=${SCACHE_SANITIZE})
else()
  # Sanitizers leave their own functions to the program.
  target_link_options(scache_shared PRIVATE LINKER:--no-undefined)
endif()
if(SCACHE_COVERAGE)
  target_link_options(scache_shared PRIVATE --coverage)
endif()
set_target_properties(scache_shared PROPERTIES
  EXPORT_NAME scache VERSION ${PROJECT_VERSION} SOVERSION ${SCACHE_INTERFACE}
  LINK_DEPENDS ${exports} INTERPROCEDURAL_OPTIMIZATION OFF)
# A program in C is linked by the C compiler.
target_link_libraries(scache_static INTERFACE $<$<LINK_LANGUAGE:C>:stdc++>)
foreach(library scache_shared scache_static)
  target_sources(${library} PRIVATE $<TARGET_OBJECTS:scache_objects>)
  set_target_properties(${library} PROPERTIES OUTPUT_NAME scache LINKER_LANGUAGE CXX)
  target_include_directories(${library} INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()
set(component COMPONENT libscache)
install(TARGETS scache_shared scache_static EXPORT scacheTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ${component} NAMELINK_COMPONENT libscache
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} ${component})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/scache DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  ${component})

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/scache)
install(EXPORT scacheTargets NAMESPACE scache:: DESTINATION ${package_dir} ${component})
file(CONFIGURE OUTPUT scacheConfig.cmake @ONLY
  CONTENT [[include("${CMAKE_CURRENT_LIST_DIR}/scacheTargets.cmake")
]])
write_basic_package_version_file(scacheConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/scacheConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/scacheConfigVersion.cmake DESTINATION ${package_dir} ${component})

# The prefix is where scache.pc lies, wherever that is moved to.
file(RELATIVE_PATH SCACHE_PC_TO_PREFIX
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/scache.pc.in scache.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/scache.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig ${component})
