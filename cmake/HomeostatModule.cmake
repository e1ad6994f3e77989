include_guard(GLOBAL)

# Which layers a layer may link.
set(HOMEOSTAT_MAY_LINK_base    base)
set(HOMEOSTAT_MAY_LINK_core    base core)
set(HOMEOSTAT_MAY_LINK_adapter base core adapter)
set(HOMEOSTAT_MAY_LINK_app     base core adapter app)
# Third-party libraries that compute and do nothing else: all that base and core may link.
set(HOMEOSTAT_PURE_LIBRARIES
    fmt::fmt simdjson::simdjson Eigen3::Eigen PkgConfig::XXHASH OpenSSL::Crypto)

add_custom_target(unit_tests)             # what runs under the sanitizers
add_custom_target(integration_tests)
set(HOMEOSTAT_TEST_TIMEOUT 120)            # seconds
if(HOMEOSTAT_SANITIZE)
  set(HOMEOSTAT_TEST_TIMEOUT 600)
endif()
add_custom_target(fuzzers)

# homeostat_module(<name> LAYER base|core|adapter|app
#   HDRS … SRCS … DEPS … [TESTS …] [INTEGRATION … [SERIAL]] [BENCHES …] [FUZZERS …])
# One static library homeostat::<name> with its layer check, self-contained headers, purity test,
# gtest binary (label unit), tests that start other processes (label integration; SERIAL: while no other test
# runs), benchmarks and fuzzers.
function(homeostat_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "LAYER" "HDRS;SRCS;DEPS;TESTS;INTEGRATION;BENCHES;FUZZERS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_LAYER)
    message(FATAL_ERROR "homeostat_module(${name}): bad arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()

  set(target homeostat_${name})
  if(NOT arg_SRCS)                        # a module of headers only still gets a library to link
    set(placeholder "${CMAKE_CURRENT_BINARY_DIR}/${name}_headers.cpp")
    file(GENERATE OUTPUT "${placeholder}" CONTENT "namespace homeostat {}\n")
    set(arg_SRCS "${placeholder}")
  endif()
  add_library(${target} STATIC ${arg_SRCS})
  add_library(homeostat::${name} ALIAS ${target})
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/src"
                 FILES ${arg_HDRS})
  set_target_properties(${target} PROPERTIES
    HOMEOSTAT_LAYER ${arg_LAYER} LINKER_LANGUAGE CXX VERIFY_INTERFACE_HEADER_SETS ON)

  foreach(dep IN LISTS arg_DEPS)
    homeostat_check_dependency(${name} ${arg_LAYER} ${dep})
  endforeach()
  target_link_libraries(${target} PUBLIC ${arg_DEPS} PRIVATE $<BUILD_INTERFACE:homeostat_options>)

  if(BUILD_TESTING AND arg_TESTS)
    homeostat_test(${target}_test unit "${name}." ${target} "${arg_TESTS}" OFF)
  endif()
  if(BUILD_TESTING AND arg_INTEGRATION)
    homeostat_test(${target}_integration integration "${name}.integration." ${target} "${arg_INTEGRATION}"
                   ${arg_SERIAL})
  endif()
  if(HOMEOSTAT_FUZZ)                      # clang only; see the `fuzz` preset
    foreach(source IN LISTS arg_FUZZERS)
      string(REPLACE ".fuzz.cpp" "_fuzz" fuzz_target ${source})
      add_executable(${fuzz_target} EXCLUDE_FROM_ALL ${source})
      add_dependencies(fuzzers ${fuzz_target})
      target_link_libraries(${fuzz_target} PRIVATE ${target} homeostat_options)
      target_link_options(${fuzz_target} PRIVATE -fsanitize=fuzzer)
      add_test(NAME fuzz.${fuzz_target} COMMAND ${fuzz_target} -runs=20000 -seed=1)
      set_tests_properties(fuzz.${fuzz_target} PROPERTIES LABELS "fuzz")
    endforeach()
  endif()
  if(BUILD_TESTING AND arg_LAYER MATCHES "^(base|core)$")
    add_test(NAME purity.${name}
      COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DARCHIVE=$<TARGET_FILE:${target}>
              -P ${PROJECT_SOURCE_DIR}/cmake/CheckPurity.cmake)
    set_tests_properties(purity.${name} PROPERTIES LABELS "lint")
  endif()
  if(arg_BENCHES AND benchmark_FOUND)
    add_executable(${target}_bench EXCLUDE_FROM_ALL ${arg_BENCHES})
    target_link_libraries(${target}_bench PRIVATE ${target} homeostat_options benchmark::benchmark_main)
  endif()
endfunction()

# Stops the configuration when a module links what its layer may not know.
function(homeostat_check_dependency name layer dep)
  if(NOT dep MATCHES "^homeostat::")
    if(layer MATCHES "^(base|core)$" AND NOT dep IN_LIST HOMEOSTAT_PURE_LIBRARIES)
      message(FATAL_ERROR "${name} is ${layer}: it may not link third-party '${dep}'")
    endif()
    return()
  endif()
  string(REPLACE "homeostat::" "homeostat_" dep_target "${dep}")
  get_target_property(dep_layer ${dep_target} HOMEOSTAT_LAYER)
  if(NOT dep_layer IN_LIST HOMEOSTAT_MAY_LINK_${layer})
    message(FATAL_ERROR "${name} (${layer}) may not link ${dep} (${dep_layer})")
  endif()
endfunction()

function(homeostat_test test_target label prefix library sources serial)
  add_executable(${test_target} ${sources})
  set_target_properties(${test_target} PROPERTIES UNITY_BUILD OFF)  # test files repeat names of fixtures
  add_dependencies(${label}_tests ${test_target})
  target_link_libraries(${test_target} PRIVATE ${library} homeostat_options rapidcheck GTest::gtest_main)
  include(GoogleTest)
  gtest_discover_tests(${test_target} TEST_PREFIX "${prefix}" DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${label}" TIMEOUT ${HOMEOSTAT_TEST_TIMEOUT} RUN_SERIAL ${serial})
endfunction()
