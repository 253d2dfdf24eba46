# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# Makes a C++ file of the page's template: cmake -DFOLDER=... -DOUT=... -P embed.cmake
#
# page.html gets page.css and the scripts in the places marked for them, and their digests in its
# Content-Security-Policy: nothing else that may come to stand in the page is run.

# digest(VARIABLE TEXT): 'sha256-...' in base64, as a policy names it.
function(digest variable text)
  set(alphabet "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  string(SHA256 hex "${text}")
  string(APPEND hex "00")  # 66 digits: 22 times 12 bits, of which the last 6 are filling
  set(encoded "")
  foreach(i RANGE 0 63 3)
    string(SUBSTRING "${hex}" ${i} 3 digits)
    math(EXPR high "0x${digits} >> 6")
    math(EXPR low "0x${digits} & 63")
    string(SUBSTRING "${alphabet}" ${high} 1 first)
    string(SUBSTRING "${alphabet}" ${low} 1 second)
    string(APPEND encoded "${first}${second}")
  endforeach()
  string(SUBSTRING "${encoded}" 0 43 encoded)
  set(${variable} "'sha256-${encoded}='" PARENT_SCOPE)
endfunction()

file(READ ${FOLDER}/page.html page)
file(READ ${FOLDER}/page.css style)
# Comments are for who changes these files; every page would be 8 KB larger for them.
set(script "'use strict';\n")
foreach(name run names strips timeline machine page)
  file(READ ${FOLDER}/${name}.js part)
  string(REGEX REPLACE "\n *//[^\n]*" "" part "\n${part}")
  string(APPEND script "// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0${part}")
endforeach()
digest(style_digest "${style}")
digest(script_digest "${script}")
string(REPLACE "STYLE_DIGEST" "${style_digest}" page "${page}")
string(REPLACE "SCRIPT_DIGEST" "${script_digest}" page "${page}")
string(REPLACE "/*STYLE*/" "${style}" page "${page}")
string(REPLACE "/*SCRIPT*/" "${script}" page "${page}")
string(FIND "${page}" "/*DATA*/" data)
if(data LESS 0)
  message(FATAL_ERROR "page.html has no place for the data")
endif()
string(SUBSTRING "${page}" 0 ${data} before)
math(EXPR data "${data} + 8")
string(SUBSTRING "${page}" ${data} -1 after)
file(WRITE ${OUT} "// Made by triage/tell/page/embed.cmake.
#include \"triage/tell/page/template.h\"

namespace gatherfuzz {

extern const std::string_view kPageBeforeData = R\"page(${before})page\";
extern const std::string_view kPageAfterData = R\"page(${after})page\";

}  // namespace gatherfuzz
")
