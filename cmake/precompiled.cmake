# Headers of others that most files read, compiled once. Our own headers stay out: a change to one would compile all anew.
# -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON builds without them.
set(stateproof_headers
    <algorithm> <array> <charconv> <chrono> <cstddef> <cstdint> <cstdlib> <exception> <filesystem> <fstream> <functional>
    <iterator> <map> <memory> <mutex> <optional> <set> <span> <sstream> <stdexcept> <stop_token> <string> <string_view>
    <thread> <tuple> <unordered_map> <utility> <variant> <vector> <fmt/format.h> <fmt/ranges.h> <nlohmann/json.hpp>
    <tl/expected.hpp>)

# stateproof_precompiled(NAME HEADERS ... OPTIONS ...): options must be the same where the headers are used.
function(stateproof_precompiled name)
  cmake_parse_arguments(PCH "" "" "HEADERS;OPTIONS;LINKS" ${ARGN})
  file(WRITE ${CMAKE_BINARY_DIR}/generated/${name}.cpp "")
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/generated/${name}.cpp)
  target_link_libraries(${name} PRIVATE stateproof_build ${PCH_LINKS})
  target_compile_options(${name} PRIVATE ${PCH_OPTIONS})
  target_precompile_headers(${name} PRIVATE ${PCH_HEADERS})
endfunction()

# What judges and parses runs over millions of observations; what drives a cluster waits for it; a test runs once.
set(stateproof_fast_options -O2)
set(stateproof_test_options -O0)
stateproof_precompiled(stateproof_precompiled HEADERS ${stateproof_headers})
stateproof_precompiled(stateproof_precompiled_fast HEADERS ${stateproof_headers} OPTIONS ${stateproof_fast_options})
stateproof_precompiled(stateproof_precompiled_tests HEADERS ${stateproof_headers} <gmock/gmock.h> <gtest/gtest.h>
                       OPTIONS ${stateproof_test_options} LINKS GTest::gmock)
