# Fails when docs/CONFORMANCE.md is not what the program says now.
execute_process(COMMAND ${PROGRAM} promises OUTPUT_VARIABLE now RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "stateproof promises ended with ${code}")
endif()
file(READ ${DOCUMENT} written)
if(NOT written STREQUAL now)
  message(FATAL_ERROR "docs/CONFORMANCE.md is out of date; write it again: stateproof promises > docs/CONFORMANCE.md")
endif()
