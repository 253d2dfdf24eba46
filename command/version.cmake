# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# cmake -D SOURCE=... -D HEADER=... -P version.cmake: writes the header that names the commit, if it
# differs. Without git, or in a copy that is no repository of its own, the commit is empty: what is
# built then depends on the sources alone.
set(commit "")
file(REAL_PATH ${SOURCE} SOURCE)
find_package(Git QUIET)
if(GIT_FOUND)
  execute_process(COMMAND ${GIT_EXECUTABLE} rev-parse --show-toplevel WORKING_DIRECTORY ${SOURCE}
    OUTPUT_VARIABLE top OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(top STREQUAL SOURCE)
    execute_process(
      COMMAND ${GIT_EXECUTABLE} describe --always --dirty --abbrev=12 --exclude=*
      WORKING_DIRECTORY ${SOURCE} OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE
      ERROR_QUIET)
  endif()
endif()
file(CONFIGURE OUTPUT ${HEADER} @ONLY CONTENT [[
#define GATHERFUZZ_COMMIT "@commit@"
]])
