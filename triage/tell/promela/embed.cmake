# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# Makes a C++ file of machine.pml: cmake -DFILE=... -DOUT=... -P embed.cmake
file(READ ${FILE} machine)
string(FIND "${machine}" "\n" licence)  # the first line, which the head of a model has
math(EXPR rest "${licence} + 1")
string(SUBSTRING "${machine}" ${rest} -1 machine)
file(WRITE ${OUT} "#include \"triage/tell/promela/machine.h\"

namespace gatherfuzz {

const std::string_view kPromelaMachine = R\"PROMELA(${machine})PROMELA\";

}  // namespace gatherfuzz
")
