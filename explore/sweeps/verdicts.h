// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The table of verdicts: one sweep for each policy on each architecture.
#ifndef GATHERFUZZ_EXPLORE_SWEEPS_VERDICTS_H_
#define GATHERFUZZ_EXPLORE_SWEEPS_VERDICTS_H_

#include <string>
#include <vector>

#include "explore/sweeps/sweep_run.h"

namespace gatherfuzz {

// Random orders of each program that are run for the price.
inline constexpr int kPriceRuns = 8;

struct VerdictRow {
  const Policy* policy = nullptr;
  const Arch* arch = nullptr;
  SweepRun run;

  // Whether a violation is a fault of the policy, the model or the oracle (harness/target.h): with
  // the program that violates, or else with the first one of each bounds.
  bool HeldSafeWithin(const ProgramList& programs) const;
  bool held_safe = false;  // so
  // A kind of violation, "safe", or "limit" if that is not known.
  std::string Verdict() const;
  // What its counterexample is stored as.
  std::string FileName() const;
};

struct VerdictTable {
  const ProgramList& programs;
  std::vector<VerdictRow> rows;  // as far as they were reached
  size_t all_rows = 0;
  double seconds = 0;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_SWEEPS_VERDICTS_H_
