# Helpers of the build: one target per library, sources listed beside the code.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")

find_program(FLOW_CCACHE ccache)
if(FLOW_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${FLOW_CCACHE}")
endif()

find_package(Threads REQUIRED)
find_package(Boost 1.75 REQUIRED)

add_library(flow_options INTERFACE)
target_compile_options(flow_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
if(FLOW_SANITIZE)
  target_compile_options(flow_options INTERFACE
    -fsanitize=${FLOW_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(flow_options INTERFACE -fsanitize=${FLOW_SANITIZE})
endif()

# flow_library(NAME): a static library whose sources the subdirectories add
# with target_sources(); alias flow::NAME.
function(flow_library name)
  add_library(${name} STATIC)
  string(REGEX REPLACE "^flow_" "" short ${name})
  add_library(flow::${short} ALIAS ${name})
  set_target_properties(${name} PROPERTIES EXPORT_NAME ${short})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
    $<INSTALL_INTERFACE:include>)
  target_compile_features(${name} PUBLIC cxx_std_20)
  target_link_libraries(${name} PUBLIC Threads::Threads
                        PRIVATE $<BUILD_INTERFACE:flow_options>)
endfunction()

# flow_sources(TARGET FILE...): adds .cpp files of this folder to a library.
function(flow_sources target)
  foreach(file IN LISTS ARGN)
    target_sources(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
  endforeach()
endfunction()

# flow_program(NAME SOURCES... [LINK TARGETS...]): an executable in bin/.
function(flow_program name)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${arg_LINK} flow_options)
endfunction()

# flow_test(NAME FILES... [LINK TARGETS...] [TIMEOUT SECONDS]): one doctest
# program of several files; each file is a ctest entry of its own.
function(flow_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "LINK" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS}
                 "${PROJECT_SOURCE_DIR}/test/support/doctest_main.cpp")
  target_link_libraries(${name} PRIVATE ${arg_LINK} flow flow_options)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/test")
  foreach(file IN LISTS arg_UNPARSED_ARGUMENTS)
    get_filename_component(stem ${file} NAME_WE)
    add_test(NAME ${name}.${stem}
             COMMAND ${name} "--source-file=*/${stem}.cpp" --no-intro
             WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    set_tests_properties(${name}.${stem} PROPERTIES TIMEOUT ${arg_TIMEOUT})
  endforeach()
endfunction()
