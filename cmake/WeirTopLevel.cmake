# For builds of weir itself. A build that contains weir decides all of this on its own.

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
# Without debug information, which makes a program several times as large. Sanitizers need it for
# the lines in their reports.
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
if(WEIR_SANITIZE)
  add_compile_options(-g1)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
