# SPDX-License-Identifier: Apache-2.0
# Libraries of others. Nothing is downloaded at configure time; ci/setup names the Debian packages.
if(PQ_FUZZ_ENGINE STREQUAL "ossfuzz")
  # A target runs where none of them is installed, so archives come first.
  set(OPENSSL_USE_STATIC_LIBS ON)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a .so)
endif()
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
pkg_check_modules(libuv REQUIRED IMPORTED_TARGET libuv>=1.40)
pkg_check_modules(cjson REQUIRED IMPORTED_TARGET libcjson)
pkg_check_modules(pcre2 REQUIRED IMPORTED_TARGET libpcre2-8)
if(PQ_TESTS)
  pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)
endif()
