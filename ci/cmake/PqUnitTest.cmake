# SPDX-License-Identifier: Apache-2.0
# pq_add_unit_test(TOPIC USES modules): builds TOPIC_test.c with cmocka and registers the ctest unit.TOPIC.
function(pq_add_unit_test topic)
  if(NOT PQ_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "USES;LIBS" ${ARGN})
  add_executable(${topic}_test ${topic}_test.c)
  list(TRANSFORM arg_USES PREPEND pq_)
  target_link_libraries(${topic}_test PRIVATE $<BUILD_INTERFACE:pq_flags> ${arg_USES} ${arg_LIBS} PkgConfig::cmocka)
  add_test(NAME unit.${topic} COMMAND ${topic}_test)
  set_tests_properties(unit.${topic} PROPERTIES LABELS unit TIMEOUT 60)
endfunction()
