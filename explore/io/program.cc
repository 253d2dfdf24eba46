// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/io/program.h"

#include "explore/io/strings.h"

namespace gatherfuzz {
namespace {

std::string& Name() {
  static std::string name = "gatherfuzz";
  return name;
}

}  // namespace

void SetProgramName(const char* name) { Name() = ShellWord(name); }

const std::string& ProgramName() { return Name(); }

}  // namespace gatherfuzz
