include(GoogleTest)

# A part of the harness: one folder, one static library, its unit tests beside its code.
#   stateproof_part(NAME SOURCES a.cpp ... LINKS x y ... TESTS a_test.cpp ... TEST_LINKS z ...)
function(stateproof_part name)
  cmake_parse_arguments(PART "" "" "SOURCES;LINKS;TESTS;TEST_LINKS" ${ARGN})
  add_library(stateproof_${name} STATIC ${PART_SOURCES})
  target_link_libraries(stateproof_${name} PUBLIC stateproof_build ${PART_LINKS})
  if(PART_TESTS)
    add_executable(${name}_test ${PART_TESTS})
    target_link_libraries(${name}_test PRIVATE stateproof_${name} ${PART_TEST_LINKS} GTest::gmock GTest::gtest_main)
    gtest_discover_tests(${name}_test DISCOVERY_MODE PRE_TEST NO_PRETTY_VALUES PROPERTIES LABELS unit TIMEOUT 60)
  endif()
endfunction()
