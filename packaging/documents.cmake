# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# cmake -D source=TREE -D into=FOLDER -P documents.cmake: copies the documents, with links to what
# is installed under another name (packaging/CMakeLists.txt) put right.
file(REMOVE_RECURSE "${into}")
file(COPY "${source}/README.md" "${source}/CHANGELOG.md" "${source}/CONTRIBUTING.md"
  "${source}/docs" DESTINATION "${into}")
file(GLOB_RECURSE pages "${into}/*.md")
foreach(page IN LISTS pages)
  file(READ "${page}" text)
  foreach(up "" "../")
    string(REPLACE "](${up}corpus/" "](${up}examples/" text "${text}")
    string(REPLACE "](${up}LICENSE)" "](${up}copyright)" text "${text}")
  endforeach()
  file(WRITE "${page}" "${text}")
endforeach()
