// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// How a person called this program, so that a command line that it prints works where they stand.
// What triage keeps says "gatherfuzz": it must not depend on where it was made.
#ifndef GATHERFUZZ_EXPLORE_IO_PROGRAM_H_
#define GATHERFUZZ_EXPLORE_IO_PROGRAM_H_

#include <string>

namespace gatherfuzz {

// Set once, at the beginning of main.
void SetProgramName(const char* name);

// As a word of a shell's command line: "build/gatherfuzz". "gatherfuzz" if it was not set.
const std::string& ProgramName();

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_IO_PROGRAM_H_
