# Writes what `stateproof list --json` declares as ctest's list of tests: a scenario is the setup of a fixture, a promise
# is a test of its own that judges the saved recording, a mutant or a fault is played and judged in one.
#   cmake -DPROGRAM=stateproof -DFOLDER=where-it-runs -DLIST=file-to-write -P write_tests.cmake
cmake_minimum_required(VERSION 3.25)
execute_process(COMMAND ${PROGRAM} list --json OUTPUT_VARIABLE declared COMMAND_ERROR_IS_FATAL ANY)

# Their own deadlines end a scenario long before; a killed one could not clean up.
set(scenario_timeout 1800)
set(tests "# Written by suites/ctest/write_tests.cmake\n")

# write_test(NAME COMMAND ... LABELS ... PROPERTIES ...)
macro(write_test name)
  cmake_parse_arguments(TEST "" "" "COMMAND;LABELS;PROPERTIES" ${ARGN})
  list(JOIN TEST_COMMAND " " command)
  list(JOIN TEST_PROPERTIES " " properties)
  string(APPEND tests "add_test(${name} [==[${PROGRAM}]==] ${command})\n"
                      "set_tests_properties(${name} PROPERTIES LABELS [==[${TEST_LABELS}]==]"
                      " WORKING_DIRECTORY [==[${FOLDER}]==] ${properties})\n")
endmacro()

# Sets `last` to the index of the last element of one of the program's arrays.
macro(count kind)
  string(JSON last LENGTH "${declared}" ${kind})
  math(EXPR last "${last} - 1")
endmacro()

# Sets the variables with these names to the members of the element `i`; arrays become lists.
macro(read_members kind i)
  string(JSON element GET "${declared}" ${kind} ${i})
  foreach(member ${ARGN})
    string(JSON ${member} GET "${element}" ${member})
    string(REGEX REPLACE "[][\" \n]" "" ${member} "${${member}}")
    string(REPLACE "," ";" ${member} "${${member}}")
  endforeach()
endmacro()

# The longest first, as many side by side as ctest has jobs.
write_test(preflight COMMAND begin LABELS quick conformance disruptive upgrade PROPERTIES FIXTURES_SETUP run TIMEOUT 120)
count(scenarios)
foreach(i RANGE ${last})
  read_members(scenarios ${i} name labels seconds alone)
  if(labels STREQUAL "workload") # workloads/CMakeLists.txt has its tests
    continue()
  endif()
  write_test(${name} COMMAND run ${name} LABELS ${labels}
             PROPERTIES FIXTURES_REQUIRED run FIXTURES_SETUP ${name} COST ${seconds} RUN_SERIAL ${alone}
                        TIMEOUT ${scenario_timeout})
endforeach()
count(promises)
foreach(i RANGE ${last})
  read_members(promises ${i} name labels scenario)
  if(labels STREQUAL "workload")
    continue()
  endif()
  write_test(${name} COMMAND judge --save --promise ${name} --not-applicable-code 77 LABELS ${labels}
             PROPERTIES FIXTURES_REQUIRED ${scenario} SKIP_RETURN_CODE 77 TIMEOUT 60)
endforeach()

# Two mutants may play at a time, and two faults, beside a scenario: each waits more than it works. Where a fault
# touches more than its namespace, nothing else may play.
count(mutants)
foreach(i RANGE ${last})
  read_members(mutants ${i} name labels seconds)
  math(EXPR lane "${i} % 2 + 1")
  write_test(mutant-${name} COMMAND mutant ${name} LABELS ${labels}
             PROPERTIES RESOURCE_LOCK mutants-${lane} COST ${seconds} TIMEOUT ${scenario_timeout})
endforeach()
count(faults)
foreach(i RANGE ${last})
  read_members(faults ${i} name labels alone)
  math(EXPR lane "${i} % 2 + 1")
  write_test(fault-${name} COMMAND fault ${name} LABELS ${labels}
             PROPERTIES RESOURCE_LOCK faults-${lane} RUN_SERIAL ${alone} TIMEOUT ${scenario_timeout})
endforeach()

file(CONFIGURE OUTPUT ${LIST} CONTENT "${tests}" @ONLY)
