include(GoogleTest)

# A part of the program: one folder, one static library, its unit tests beside its code.
#   stateproof_part(NAME [FAST] SOURCES a.cpp ... LINKS x y ... TESTS a_test.cpp ... TEST_LINKS z ...)
# FAST: a run of it is long enough for -O2 to be worth the compiler's time.
function(stateproof_part name)
  cmake_parse_arguments(PART "FAST" "" "SOURCES;LINKS;TESTS;TEST_LINKS" ${ARGN})
  add_library(stateproof_${name} STATIC ${PART_SOURCES})
  target_link_libraries(stateproof_${name} PUBLIC stateproof_build ${PART_LINKS})
  if(PART_FAST)
    target_compile_options(stateproof_${name} PRIVATE ${stateproof_fast_options})
    target_precompile_headers(stateproof_${name} REUSE_FROM stateproof_precompiled_fast)
  else()
    target_precompile_headers(stateproof_${name} REUSE_FROM stateproof_precompiled)
  endif()
  if(PART_TESTS)
    stateproof_test(${name}_test LABEL unit SOURCES ${PART_TESTS} LINKS stateproof_${name} ${PART_TEST_LINKS})
  endif()
endfunction()

# stateproof_program(NAME SOURCES a.cpp ... LINKS x ...)
function(stateproof_program name)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${PROGRAM_SOURCES})
  target_link_libraries(${name} PRIVATE stateproof_build ${PROGRAM_LINKS})
  target_precompile_headers(${name} REUSE_FROM stateproof_precompiled)
endfunction()

# A program of tests: stateproof_test(NAME [LABEL unit] SOURCES a_test.cpp ... LINKS x ... [TIMEOUT 60]). Without a
# label ctest does not know its tests.
function(stateproof_test name)
  cmake_parse_arguments(TEST "" "LABEL;TIMEOUT" "SOURCES;LINKS" ${ARGN})
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 60)
  endif()
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE stateproof_build ${TEST_LINKS} GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE ${stateproof_test_options})
  target_precompile_headers(${name} REUSE_FROM stateproof_precompiled_tests)
  if(TEST_LABEL)
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST NO_PRETTY_VALUES
                         PROPERTIES LABELS ${TEST_LABEL} TIMEOUT ${TEST_TIMEOUT})
  endif()
endfunction()
