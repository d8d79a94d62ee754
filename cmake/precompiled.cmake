# Headers of others that most files read, compiled once. Our own headers stay out: a change to one would compile all anew.
# -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON builds without them.
set(stateproof_headers
    <algorithm> <array> <charconv> <chrono> <cstddef> <cstdint> <cstdlib> <exception> <filesystem> <fstream> <functional>
    <iterator> <map> <memory> <mutex> <optional> <set> <span> <sstream> <stdexcept> <stop_token> <string> <string_view>
    <thread> <tuple> <unordered_map> <utility> <variant> <vector> <fmt/format.h> <fmt/ranges.h> <nlohmann/json.hpp>
    <tl/expected.hpp>)

# stateproof_precompiled(NAME HEADERS ... LINKS ... OPTIONS ...): what it links and its options must be the same where
# the headers are used.
function(stateproof_precompiled name)
  cmake_parse_arguments(PCH "" "" "HEADERS;LINKS;OPTIONS" ${ARGN})
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/${name}.cpp CONTENT "")
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/generated/${name}.cpp)
  target_link_libraries(${name} PRIVATE ${PCH_LINKS})
  target_compile_options(${name} PRIVATE ${PCH_OPTIONS})
  target_precompile_headers(${name} PRIVATE ${PCH_HEADERS})
endfunction()

# What judges and parses runs over millions of observations; what drives a cluster waits for it; a test runs once.
# Under sanitizers each test judges little, and compiling takes most of the time.
if(STATEPROOF_SANITIZE)
  set(stateproof_fast_options -O0)
else()
  set(stateproof_fast_options -O2)
endif()
set(stateproof_test_options -O0)
stateproof_precompiled(stateproof_precompiled HEADERS ${stateproof_headers} LINKS stateproof_build)
stateproof_precompiled(stateproof_precompiled_fast HEADERS ${stateproof_headers} LINKS stateproof_build
                       OPTIONS ${stateproof_fast_options})
stateproof_precompiled(stateproof_precompiled_tests HEADERS ${stateproof_headers} <gmock/gmock.h> <gtest/gtest.h>
                       LINKS stateproof_build GTest::gmock OPTIONS ${stateproof_test_options})
stateproof_precompiled(stateproof_precompiled_pod HEADERS ${stateproof_headers} LINKS stateproof_pod)
