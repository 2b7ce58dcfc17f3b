# SPDX-License-Identifier: Apache-2.0
# pq_add_fuzz_target(NAME MUTATE kind SOURCES more.c USES modules LIBS targets): builds NAME.c for the engine
# PQ_FUZZ_ENGINE. MUTATE links the mutator for inputs of that kind (harness/mutator/script.h) where the engine is linked.
# replay: any compiler, no engine; the ctest replay.NAME runs every seed and every old crash, in every cut.
# libfuzzer: the ctest fuzz-smoke.NAME searches from there for PQ_FUZZ_SMOKE_SECONDS (ci/fuzz-smoke). afl: persistent
# mode.
# ossfuzz: linked by the C++ compiler with $LIB_FUZZING_ENGINE, as OSS-Fuzz and ClusterFuzzLite ask.
set(PQ_FUZZ_SMOKE_SECONDS 30 CACHE STRING "How long each ctest fuzz-smoke.NAME searches")
if(PQ_FUZZ_ENGINE STREQUAL "ossfuzz")
  enable_language(CXX)
endif()

function(pq_add_fuzz_target name)
  cmake_parse_arguments(arg "" "MUTATE" "SOURCES;USES;LIBS" ${ARGN})
  # A target without a seed would replay nothing and pass.
  file(GLOB seeds CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/corpus/seeds/${name}/*)
  file(GLOB corpus CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/corpus/seeds/${name}
                                     ${PROJECT_SOURCE_DIR}/corpus/regressions/${name})
  if(NOT seeds)
    message(FATAL_ERROR "${name}: put at least one seed into corpus/seeds/${name}")
  endif()

  set(sources ${name}.c entry.c support.c ${arg_SOURCES})
  if(arg_MUTATE AND PQ_FUZZ_ENGINE MATCHES "^(libfuzzer|ossfuzz)$")
    list(APPEND sources mutator/libfuzzer.c)
    list(APPEND arg_USES mutator)
  endif()
  pq_not_followed(${sources})
  add_executable(${name} ${sources})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  list(TRANSFORM arg_USES PREPEND pq_)
  target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:pq_flags> ${arg_USES} ${arg_LIBS} pq_base)
  if(arg_MUTATE)
    string(TOUPPER ${arg_MUTATE} kind)
    target_compile_definitions(${name} PRIVATE PQ_MUTATE=SCRIPT_${kind})
  endif()
  if(PQ_FUZZ_ENGINE STREQUAL "replay")
    target_sources(${name} PRIVATE replay_main.c)
    set(test replay.${name})
    set(run ${name} ${corpus})
    set(patience 120)
  elseif(PQ_FUZZ_ENGINE STREQUAL "ossfuzz")
    target_link_libraries(${name} PRIVATE $ENV{LIB_FUZZING_ENGINE})
    set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
  else()
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  endif()
  if(PQ_FUZZ_ENGINE STREQUAL "libfuzzer")
    set(test fuzz-smoke.${name})
    set(run ${PROJECT_SOURCE_DIR}/ci/fuzz-smoke --seconds ${PQ_FUZZ_SMOKE_SECONDS} --targets ${name}
            --build ${PROJECT_BINARY_DIR})
    math(EXPR patience "${PQ_FUZZ_SMOKE_SECONDS} + 120")
  endif()

  if(PQ_TESTS AND DEFINED test)
    string(REGEX MATCH "^[^.]+" label ${test})
    add_test(NAME ${test} COMMAND ${run})
    set_tests_properties(${test} PROPERTIES LABELS ${label} TIMEOUT ${patience})
  endif()
endfunction()
