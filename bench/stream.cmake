# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# scripts/stream takes this and stream.cc to older commits.
if(TARGET fuzz_instrumented AND NOT TARGET stream)
  add_executable(stream ${CMAKE_CURRENT_LIST_DIR}/stream.cc
    ${PROJECT_SOURCE_DIR}/fuzz/engine_libfuzzer.cc)
  target_link_options(stream PRIVATE -fsanitize=fuzzer)
  target_link_libraries(stream PRIVATE fuzz_plain fuzz_instrumented)
endif()
