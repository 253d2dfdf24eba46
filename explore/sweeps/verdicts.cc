// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/sweeps/verdicts.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "explore/io/strings.h"
#include "harness/target.h"

namespace gatherfuzz {

bool VerdictRow::HeldSafeWithin(const ProgramList& programs) const {
  const auto held_safe = [&](uint64_t index) {
    return HeldSafe(*policy, *arch, programs.At(index));
  };
  if (run.totals.first) return held_safe(*run.totals.first);
  return std::all_of(programs.parts().begin(), programs.parts().end(),
                     [&](const ProgramList::Part& part) { return held_safe(part.first); });
}

std::string VerdictRow::Verdict() const {
  if (run.answer.shortest) return std::string(Info(run.answer.kind()).name);
  if (run.broken()) return "broken";  // interrupted before more is known
  return run.safe() ? "safe" : "limit";
}

std::string VerdictRow::FileName() const {
  return absl::StrCat(Absl(policy->name()), "-", Absl(arch->name()), ".gather");
}

}  // namespace gatherfuzz
