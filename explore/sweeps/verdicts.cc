// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/sweeps/verdicts.h"

#include "absl/strings/str_cat.h"
#include "explore/io/strings.h"

namespace gatherfuzz {

std::string VerdictRow::Verdict() const {
  if (run.answer.shortest) return std::string(Info(run.answer.kind()).name);
  if (run.broken()) return "broken";  // interrupted before more is known
  return run.safe() ? "safe" : "limit";
}

std::string VerdictRow::FileName() const {
  return absl::StrCat(Absl(policy->name()), "-", Absl(arch->name()), ".gather");
}

}  // namespace gatherfuzz
