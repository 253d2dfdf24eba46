// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The three forms of the table of verdicts (explore/sweeps/verdicts.h).
//
// What is printed is a function of the programs, the policies and the limits alone, but for the
// time in the form for a terminal.
#ifndef GATHERFUZZ_COMMAND_VERDICT_TABLE_H_
#define GATHERFUZZ_COMMAND_VERDICT_TABLE_H_

#include <nlohmann/json.hpp>
#include <string>

#include "explore/sweeps/verdicts.h"

namespace gatherfuzz {

// The programs that are explored, by part.
nlohmann::ordered_json JsonOf(const ProgramList& programs);

std::string PrintTable(const VerdictTable& table);
std::string PrintJson(const VerdictTable& table);
// The table, and each counterexample as an interleaving and as text.
std::string PrintMarkdown(const VerdictTable& table);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_COMMAND_VERDICT_TABLE_H_
