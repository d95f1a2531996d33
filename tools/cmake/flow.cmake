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
  # Without the two it takes no source that uses a precompiled header; from what
  # the compiler says it read, it needs no run of the preprocessor beforehand.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros"
      "CCACHE_DEPEND=1;${FLOW_CCACHE}"
      CACHE STRING "")
endif()

find_package(Threads REQUIRED)
find_package(Boost 1.75 REQUIRED)
find_package(Python3 REQUIRED COMPONENTS Interpreter)

add_library(flow_options INTERFACE)
target_compile_options(flow_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU"
   AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 warns of an overlap in every `"text" + std::string` it inlines; and,
  # when <string> comes precompiled, of bounds where the small buffer ends.
  target_compile_options(flow_options INTERFACE
    -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Up to this many KiB nothing of the compiler's own memory is collected: a
  # twelfth of its time.
  target_compile_options(flow_options INTERFACE
    --param=ggc-min-heapsize=1000000)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # Off by default before clang 19.
  target_compile_options(flow_options INTERFACE -fsized-deallocation)
endif()
if(FLOW_SANITIZE)
  target_compile_options(flow_options INTERFACE
    -fsanitize=${FLOW_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(flow_options INTERFACE -fsanitize=${FLOW_SANITIZE})
endif()

# What nearly every source includes and nobody here changes: precompiled, it
# takes half a second off each. Headers of this project are left out, so that
# one of them compiles anew only what includes it.
set(flow_standard_headers
  <algorithm> <array> <atomic> <bit> <chrono> <cmath> <concepts> <cstddef>
  <cstdint> <cstdlib> <cstring> <deque> <filesystem> <functional> <limits>
  <map> <memory> <mutex> <numeric> <optional> <random> <set> <span> <sstream>
  <stdexcept> <string> <string_view> <thread> <tuple> <type_traits> <utility>
  <variant> <vector>)

# Those of jobs, which include the whole API anyway. g++ takes what was
# precompiled as a program's only from code that is no library's.
add_library(flow_programs OBJECT EXCLUDE_FROM_ALL
            "${PROJECT_SOURCE_DIR}/tools/cmake/empty.cpp")
set_target_properties(flow_programs PROPERTIES POSITION_INDEPENDENT_CODE OFF)
target_link_libraries(flow_programs PRIVATE flow flow_options)
target_precompile_headers(flow_programs PRIVATE
  ${flow_standard_headers} "${PROJECT_SOURCE_DIR}/libflow/flow.hpp")

# flow_job_code(TARGET): a program, or a library that only programs link, which
# includes the API.
function(flow_job_code target)
  get_target_property(type ${target} TYPE)
  if(NOT type STREQUAL EXECUTABLE)
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  endif()
  target_precompile_headers(${target} REUSE_FROM flow_programs)
endfunction()

# The main function of every test program, compiled once, and what their sources
# have precompiled, which is doctest without its implementation.
if(FLOW_BUILD_TESTS)
  set(doctest_main "${PROJECT_SOURCE_DIR}/test/support/doctest_main.cpp")
  add_library(flow_doctest OBJECT EXCLUDE_FROM_ALL "${doctest_main}"
              "${PROJECT_SOURCE_DIR}/tools/cmake/empty.cpp")
  set_source_files_properties("${doctest_main}"
    PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  set_target_properties(flow_doctest PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_link_libraries(flow_doctest PRIVATE flow_options)
  target_precompile_headers(flow_doctest PRIVATE
    ${flow_standard_headers} <doctest/doctest.h>)
endif()

# flow_together(TARGET): its sources are compiled some at a time, which takes half
# the time where each reads the same headers and makes the same of templates.
# They may have no two names alike in unnamed namespaces. Not for what a bench
# measures: what is inlined would depend on the neighbours.
function(flow_together target)
  set_target_properties(${target} PROPERTIES
    UNITY_BUILD "${FLOW_UNITY}" UNITY_BUILD_BATCH_SIZE 5)
endfunction()

# flow_library(NAME [PRECOMPILED HEADERS...]): a static library whose sources the
# subdirectories add with target_sources(); alias flow::NAME. PRECOMPILED: what
# most of its sources include besides the standard library.
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
  cmake_parse_arguments(arg "" "" "PRECOMPILED" ${ARGN})
  target_precompile_headers(${name} PRIVATE
    ${flow_standard_headers} ${arg_PRECOMPILED})
  flow_together(${name})
endfunction()

# flow_sources(TARGET FILE...): adds .cpp files of this folder to a library.
function(flow_sources target)
  foreach(file IN LISTS ARGN)
    target_sources(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
  endforeach()
endfunction()

# flow_subdirectory(FOLDER): takes part as soon as it has a CMakeLists.txt.
function(flow_subdirectory folder)
  if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt")
    add_subdirectory(${folder})
  endif()
endfunction()

# flow_program(NAME SOURCES... [LINK TARGETS...]): an executable in bin/, here
# and where the project is installed.
function(flow_program name)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${arg_LINK} flow_options)
  flow_job_code(${name})
  install(TARGETS ${name} RUNTIME DESTINATION bin COMPONENT programs)
endfunction()

# flow_quick_to_compile(TARGET): for what checks behaviour: its own code takes
# four tenths less time to compile, what it links stays fast.
function(flow_quick_to_compile target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-Og>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # With -Og g++ does not see which member of a variant is alive.
    target_compile_options(${target} PRIVATE
      $<$<CONFIG:Release>:-Wno-maybe-uninitialized>)
  endif()
endfunction()

# flow_test(NAME FILES... [LINK TARGETS...] [TIMEOUT SECONDS] [SERIAL] [NIGHTLY]):
# one doctest program of several files; each file is a ctest entry of its own,
# labelled with the folder under test/ it comes from. Files of which two have
# names alike are in namespaces of their own. SERIAL: not beside other tests, for
# those that measure. NIGHTLY: only run by tools/nightly. A test that links
# flow_runtime is left out without it.
function(flow_test name)
  cmake_parse_arguments(arg "SERIAL;NIGHTLY" "TIMEOUT" "LINK" ${ARGN})
  if("flow_runtime" IN_LIST arg_LINK AND NOT FLOW_BUILD_RUNTIME)
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  if(FLOW_SANITIZE)
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 10")  # they are that slow
  endif()
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${arg_LINK} flow flow_doctest
                        flow_options)
  target_precompile_headers(${name} REUSE_FROM flow_doctest)
  if(NOT arg_SERIAL)
    flow_quick_to_compile(${name})
  endif()
  flow_together(${name})
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/test")
  file(RELATIVE_PATH label "${PROJECT_SOURCE_DIR}/test"
       "${CMAKE_CURRENT_SOURCE_DIR}")
  string(REGEX REPLACE "/.*" "" label "${label}")
  if(arg_NIGHTLY)
    list(APPEND label nightly)
  endif()
  foreach(file IN LISTS arg_UNPARSED_ARGUMENTS)
    get_filename_component(stem ${file} NAME_WE)
    add_test(NAME ${name}.${stem}
             COMMAND ${name} "--source-file=*/${stem}.cpp" --no-intro
             WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    set_tests_properties(${name}.${stem} PROPERTIES
      TIMEOUT ${arg_TIMEOUT} LABELS "${label}")
    if(arg_SERIAL)
      set_tests_properties(${name}.${stem} PROPERTIES RUN_SERIAL TRUE)
    endif()
  endforeach()
endfunction()

# flow_compile_fail(NAME FILE EXPECT REGEX): a ctest entry that passes when
# FILE compiles as it is, and with FLOW_COMPILE_FAIL defined is refused with
# at most 12 lines of diagnostics, one of which matches REGEX.
function(flow_compile_fail name file)
  cmake_parse_arguments(arg "" "EXPECT" "" ${ARGN})
  if(NOT arg_EXPECT)
    message(FATAL_ERROR "flow_compile_fail(${name}): EXPECT is missing")
  endif()
  add_test(NAME compile_fail.${name}
           COMMAND "${Python3_EXECUTABLE}"
                   "${PROJECT_SOURCE_DIR}/tools/checks/compile_fail.py"
                   --compiler "${CMAKE_CXX_COMPILER}"
                   --root "${PROJECT_SOURCE_DIR}"
                   --expect "${arg_EXPECT}"
                   "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
  set_tests_properties(compile_fail.${name} PROPERTIES
    TIMEOUT 120 LABELS compile_fail)
endfunction()
