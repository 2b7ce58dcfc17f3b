# SPDX-License-Identifier: Apache-2.0
# pq_add_module(NAME SOURCES a.c b.c USES other modules LIBS imported targets): one folder = one layer.
function(pq_add_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES;LIBS" ${ARGN})
  add_library(pq_${name} STATIC ${arg_SOURCES})
  target_include_directories(pq_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src/include ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(pq_${name} PRIVATE $<BUILD_INTERFACE:pq_flags>)
  list(TRANSFORM arg_USES PREPEND pq_)
  target_link_libraries(pq_${name} PUBLIC ${arg_USES} PRIVATE ${arg_LIBS})
endfunction()

# pq_add_tool(NAME SOURCES main.c USES modules LIBS targets): a program that is installed; built into build/PRESET/bin.
function(pq_add_tool name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES;LIBS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  list(TRANSFORM arg_USES PREPEND pq_)
  target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:pq_flags> ${arg_USES} ${arg_LIBS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  install(TARGETS ${name} RUNTIME)
endfunction()
