// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// An explanation for a terminal, and for a mail.
#ifndef GATHERFUZZ_TRIAGE_TELL_EXPLAIN_PRINT_H_
#define GATHERFUZZ_TRIAGE_TELL_EXPLAIN_PRINT_H_

#include <string>
#include <string_view>

#include "triage/tell/explain/explanation.h"

namespace gatherfuzz {

struct ExplanationInput {
  const Trace& trace;
  const Explanation& explanation;
  std::string_view policy, arch;
  bool all_steps = false;  // also those that do not matter
  std::string replay;      // the command that shows it again
};

// The kind and the call, the interleaving, the chain, the point of no return, the other policies.
// ASCII; lines of prose fit a mail.
std::string PrintExplanation(const ExplanationInput& input);

// A line for each sentence, with its step in front, wrapped.
std::string PrintChain(const std::vector<Sentence>& chain, size_t width = 78);

// "survive, as in every order: full-mm, ..." and so on, a line each, wrapped.
std::string PrintOthers(const std::vector<UnderPolicy>& others);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_EXPLAIN_PRINT_H_
