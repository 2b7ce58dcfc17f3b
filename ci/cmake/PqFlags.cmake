# SPDX-License-Identifier: Apache-2.0
# pq_flags: how every file of ours is compiled. Linked as $<BUILD_INTERFACE:pq_flags>, so nothing leaks to users.
add_library(pq_flags INTERFACE)
target_compile_features(pq_flags INTERFACE c_std_11)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_EXTENSIONS OFF)
target_compile_options(pq_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
  -Wvla -Wswitch-enum -Wformat=2 -Wundef -Wwrite-strings -Werror
  -fno-omit-frame-pointer -fstack-protector-strong)
target_compile_definitions(pq_flags INTERFACE $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(PQ_SANITIZE)
  target_compile_options(pq_flags INTERFACE -fsanitize=${PQ_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(pq_flags INTERFACE -fsanitize=${PQ_SANITIZE})
endif()

if(PQ_FUZZ_ENGINE STREQUAL "libfuzzer")
  if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "PQ_FUZZ_ENGINE=libfuzzer needs clang: use --preset libfuzzer or -DCMAKE_C_COMPILER=clang")
  endif()
  target_compile_options(pq_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(pq_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(PQ_COVERAGE)
  if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "PQ_COVERAGE needs clang: use --preset coverage or -DCMAKE_C_COMPILER=clang")
  endif()
  target_compile_options(pq_flags INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(pq_flags INTERFACE -fprofile-instr-generate)
endif()
