# Installs libraries, headers, the CMake package, and a pkg-config file for each component. The
# installed files belong to the parts runtime, dev, tools and flink, which are Debian packages of their own
# (WeirDeb.cmake).

include(CMakePackageConfigHelpers)
set(cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/weir)
set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
set(WEIR_INSTALL_DATADIR ${CMAKE_INSTALL_DATADIR}/weir)

install(DIRECTORY include/weir ${PROJECT_BINARY_DIR}/include/weir DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT dev FILES_MATCHING PATTERN "*.h")
install(FILES ${CMAKE_BINARY_DIR}/share/weir/weir-flink.jar DESTINATION ${WEIR_INSTALL_DATADIR} COMPONENT flink OPTIONAL)
install(CODE "
  if(NOT EXISTS \"${CMAKE_BINARY_DIR}/share/weir/weir-flink.jar\")
    message(NOTICE \"-- Not installed: the bridge to Flink, which was not built. Jobs run, but not inside Flink; for that: make flink-bridge, and install again\")
  endif()" COMPONENT flink)

# A file of targets for each component, so that a job needs no packages of other components.
set(WEIR_CONFIG_USES)
foreach(component IN LISTS WEIR_COMPONENTS)
  install(TARGETS weir_${component} EXPORT weir-${component} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT dev)
  install(EXPORT weir-${component} NAMESPACE weir:: DESTINATION ${cmake_dir} COMPONENT dev)
  string(APPEND WEIR_CONFIG_USES "set(weir_uses_${component} ${WEIR_USES_OF_${component}})\n")
endforeach()
if(BUILD_SHARED_LIBS)
  set(WEIR_IS_SHARED TRUE)
else()
  set(WEIR_IS_SHARED FALSE)
endif()
configure_package_config_file(cmake/weirConfig.cmake.in ${PROJECT_BINARY_DIR}/weirConfig.cmake
  INSTALL_DESTINATION ${cmake_dir} PATH_VARS WEIR_INSTALL_DATADIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/weirConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/weirConfig.cmake ${PROJECT_BINARY_DIR}/weirConfigVersion.cmake DESTINATION ${cmake_dir}
        COMPONENT dev)

# For pkg-config. Static libraries need their packages at link time; shared ones do not.
file(RELATIVE_PATH WEIR_PREFIX_FROM_PC /${pc_dir} /)
string(REGEX REPLACE "/$" "" WEIR_PREFIX_FROM_PC ${WEIR_PREFIX_FROM_PC})
set(WEIR_PC_REQUIRES_OF_core openssl yaml-cpp libxxhash zlib libzstd)
set(WEIR_PC_REQUIRES_OF_http libcurl)
set(WEIR_PC_REQUIRES_OF_hdfs pugixml libxxhash)
set(WEIR_PC_REQUIRES_OF_json simdjson)
set(WEIR_PC_REQUIRES_OF_flink libzip)
set(WEIR_PC_LIBS_OF_core -pthread)
set(WEIR_PC_LIBS_OF_zookeeper -lzookeeper_mt)
set(WEIR_PC_LIBS_OF_rest -lmicrohttpd)
set(WEIR_PC_REQUIRES_OF_kafka rdkafka libcrypto)
set(WEIR_PC_DESCRIPTION_OF_core "what every job needs")
set(WEIR_PC_DESCRIPTION_OF_http "HTTP, for other components")
set(WEIR_PC_DESCRIPTION_OF_hdfs "hdfs:// and webhdfs://")
set(WEIR_PC_DESCRIPTION_OF_zookeeper "standby coordinators by ZooKeeper")
set(WEIR_PC_DESCRIPTION_OF_rest "a REST interface, and metrics for Prometheus")
set(WEIR_PC_DESCRIPTION_OF_json "records as JSON")
set(WEIR_PC_DESCRIPTION_OF_flink "jobs inside Apache Flink")
set(WEIR_PC_DESCRIPTION_OF_kafka "sources and sinks for Apache Kafka")
set(WEIR_PC_DESCRIPTION_OF_testing "unit tests of jobs")
foreach(component IN LISTS WEIR_COMPONENTS)
  set(description ${WEIR_PC_DESCRIPTION_OF_${component}})
  list(TRANSFORM WEIR_USES_OF_${component} PREPEND weir- OUTPUT_VARIABLE requires)
  string(REPLACE "LINKER:" "-Wl," libs "${WEIR_ANCHOR_OF_${component}}")
  list(APPEND libs -lweir_${component})
  if(NOT BUILD_SHARED_LIBS)
    list(APPEND requires ${WEIR_PC_REQUIRES_OF_${component}})
    list(APPEND libs ${WEIR_PC_LIBS_OF_${component}})
  endif()
  list(JOIN requires " " requires)
  list(JOIN libs " " libs)
  set(name weir-${component})
  configure_file(cmake/weir.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${pc_dir} COMPONENT dev)
endforeach()
set(name weir)
set(description "all that a job may use")
set(libs)
list(TRANSFORM WEIR_COMPONENTS PREPEND weir- OUTPUT_VARIABLE requires)
list(REMOVE_ITEM requires weir-testing)
list(JOIN requires " " requires)
configure_file(cmake/weir.pc.in ${PROJECT_BINARY_DIR}/weir.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/weir.pc DESTINATION ${pc_dir} COMPONENT dev)

# The program `weir`, its page of the manual and its completion.
if(TARGET weir_tool)
  install(TARGETS weir_tool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools)
  install(FILES deploy/tool/weir.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT tools)
  install(FILES deploy/tool/weir.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME weir
          COMPONENT tools)
endif()
