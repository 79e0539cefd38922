# Debian packages, made by `make deb` from a build with shared libraries:
#   libweirX.Y    the libraries
#   libweir-dev   headers, CMake package, pkg-config files
#   weir-tools    the program `weir`
#   weir-flink    the bridge for jobs inside Flink, if it was built
# dpkg-shlibdeps finds the packages that the libraries need.

set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_COMPONENTS_ALL runtime dev)
if(TARGET weir_tool)
  list(APPEND CPACK_COMPONENTS_ALL tools)
endif()
if(EXISTS ${PROJECT_BINARY_DIR}/share/weir/weir-flink.jar)
  list(APPEND CPACK_COMPONENTS_ALL flink)
endif()
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_VENDOR "The weir authors")
set(CPACK_PACKAGE_CONTACT "The weir authors <weir@example.org>")
set(CPACK_DEBIAN_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)

set(library libweir${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME ${library})
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "Native stream processing engine, libraries
 Dataflows with event time, keyed state and exactly-once checkpoints.")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_GENERATE_SHLIBS ON)
# One library of the package needs another one.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR})

set(CPACK_DEBIAN_DEV_PACKAGE_NAME libweir-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "${library} (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_DEV_PACKAGE_SUGGESTS "g++ (>= 4:12), cmake (>= 3.25), pkg-config")
set(CPACK_COMPONENT_DEV_DESCRIPTION "Native stream processing engine, development files
 Headers, CMake package and pkg-config files for jobs that use weir.")

set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME weir-tools)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_TOOLS_PACKAGE_DEPENDS "${library} (= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_TOOLS_DESCRIPTION "Native stream processing engine, command-line tool
 Operates running jobs and shows checkpoints and savepoints.")

set(CPACK_DEBIAN_FLINK_PACKAGE_NAME weir-flink)
set(CPACK_DEBIAN_FLINK_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_FLINK_PACKAGE_DEPENDS "${library} (= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_FLINK_DESCRIPTION "Native stream processing engine, bridge to Apache Flink
 The Java half of jobs that run inside a Flink cluster.")
include(CPack)
