# SPDX-License-Identifier: Apache-2.0
# pq_flags: how every file of ours is compiled. Linked as $<BUILD_INTERFACE:pq_flags>, so nothing leaks to users.
# Warnings are errors in every preset (CMAKE_COMPILE_WARNING_AS_ERROR), not for whoever packages with another compiler.
set(PQ_FUZZ_ENGINES replay libfuzzer afl ossfuzz)
if(NOT PQ_FUZZ_ENGINE IN_LIST PQ_FUZZ_ENGINES)
  message(FATAL_ERROR "PQ_FUZZ_ENGINE=${PQ_FUZZ_ENGINE} is unknown: use one of ${PQ_FUZZ_ENGINES}")
endif()
if(PQ_FUZZ_ENGINE STREQUAL "libfuzzer" AND NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "PQ_FUZZ_ENGINE=libfuzzer needs clang: use --preset libfuzzer or -DCMAKE_C_COMPILER=clang")
endif()
if(PQ_FUZZ_ENGINE STREQUAL "afl" AND NOT CMAKE_C_COMPILER MATCHES "afl-clang-(fast|lto)$")
  message(FATAL_ERROR "PQ_FUZZ_ENGINE=afl needs AFL++: use --preset afl or -DCMAKE_C_COMPILER=afl-clang-fast")
endif()
if(PQ_FUZZ_ENGINE STREQUAL "ossfuzz" AND (PQ_SANITIZE OR NOT DEFINED ENV{LIB_FUZZING_ENGINE}))
  message(FATAL_ERROR "PQ_FUZZ_ENGINE=ossfuzz takes sanitizers from CFLAGS and the engine from the environment: "
                      "leave PQ_SANITIZE empty and set LIB_FUZZING_ENGINE")
endif()
if(PQ_COVERAGE AND NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "PQ_COVERAGE needs clang: use --preset coverage or -DCMAKE_C_COMPILER=clang")
endif()

add_library(pq_flags INTERFACE)
target_compile_features(pq_flags INTERFACE c_std_11)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
target_compile_options(pq_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
  -Wvla -Wswitch-enum -Wformat=2 -Wundef -Wwrite-strings
  -fno-omit-frame-pointer -fstack-protector-strong)

if(PQ_SANITIZE)
  target_compile_options(pq_flags INTERFACE -fsanitize=${PQ_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(pq_flags INTERFACE -fsanitize=${PQ_SANITIZE})
elseif(PQ_FUZZ_ENGINE STREQUAL "replay")
  # Not beside a sanitizer, whose checks the fortified functions would bypass.
  target_compile_definitions(pq_flags INTERFACE $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
endif()

if(NOT PQ_FUZZ_ENGINE STREQUAL "replay")
  # Fuzzed code is optimised and keeps its assertions.
  target_compile_options(pq_flags INTERFACE -g -UNDEBUG)
endif()
if(PQ_FUZZ_ENGINE STREQUAL "libfuzzer")
  # Comparisons are not traced: half of the time went into that, most of it for the checks of UBSan, and the words
  # that it could find are in the dictionary.
  target_compile_options(pq_flags INTERFACE -fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp)
  target_link_options(pq_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# pq_not_followed(FILES): a fuzzing engine is not told which way these go. Following costs half of its time, and
# says nothing where a file checks, or does its work at every step whatever the input is.
function(pq_not_followed)
  if(PQ_FUZZ_ENGINE STREQUAL "libfuzzer")
    set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS -fno-sanitize=fuzzer-no-link)
  endif()
endfunction()

if(PQ_COVERAGE)
  target_compile_options(pq_flags INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(pq_flags INTERFACE -fprofile-instr-generate)
endif()
