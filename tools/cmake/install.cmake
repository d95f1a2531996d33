# cmake --install, and find_package(libflow) for jobs outside this repository:
# targets flow::flow, flow::runtime and flow::testing.
include(CMakePackageConfigHelpers)

set(flow_package_dir lib/cmake/libflow)
set(flow_targets flow flow_testing)
install(DIRECTORY libflow DESTINATION include COMPONENT development
        FILES_MATCHING PATTERN "*.hpp")
if(FLOW_BUILD_RUNTIME)
  list(APPEND flow_targets flow_runtime)
  # The actor-based API and what its headers include; the rest of the runtime
  # is reached through the library alone.
  foreach(folder actors/api actors/messages actors/support backends)
    if(EXISTS "${PROJECT_SOURCE_DIR}/${folder}")
      get_filename_component(parent "include/${folder}" DIRECTORY)
      install(DIRECTORY ${folder} DESTINATION ${parent}
              COMPONENT development FILES_MATCHING PATTERN "*.hpp")
    endif()
  endforeach()
  if(EXISTS "${PROJECT_SOURCE_DIR}/actors/flow_actors.hpp")
    install(FILES actors/flow_actors.hpp DESTINATION include/actors
            COMPONENT development)
  endif()
endif()

install(TARGETS ${flow_targets} EXPORT libflowTargets
        ARCHIVE DESTINATION lib COMPONENT development)
install(EXPORT libflowTargets NAMESPACE flow:: DESTINATION ${flow_package_dir}
        COMPONENT development)
configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/libflowConfig.cmake.in"
  "${CMAKE_BINARY_DIR}/libflowConfig.cmake"
  INSTALL_DESTINATION ${flow_package_dir})
# Until 1.0 a minor version may change the API.
write_basic_package_version_file(
  "${CMAKE_BINARY_DIR}/libflowConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/libflowConfig.cmake"
              "${CMAKE_BINARY_DIR}/libflowConfigVersion.cmake"
              "${CMAKE_CURRENT_LIST_DIR}/FindCAF.cmake"
        DESTINATION ${flow_package_dir} COMPONENT development)
