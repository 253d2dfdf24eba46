// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Carries the bytes of one schedule, or of a family, from an older version of the encoding
// (harness/versions/versions.h) to the current one.
//
// The result is canonical bytes. That it means the same is not argued but run: what the old decoder
// makes of the old bytes, and today's of the new ones, give the same traces. Both are run by
// today's model; that a trace is what it was when the bytes were written is no claim made here.
#ifndef GATHERFUZZ_TRIAGE_CORPUS_CARRY_H_
#define GATHERFUZZ_TRIAGE_CORPUS_CARRY_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/execution.h"
#include "harness/target.h"
#include "harness/versions/versions.h"

namespace gatherfuzz {

// Large; keep one and use it again.
class Carrier {
 public:
  // Traces are compared under these, of which there is at least one.
  explicit Carrier(std::vector<Target> targets) : targets_(std::move(targets)) {}

  // The error is a clause: why these bytes cannot be carried.
  absl::StatusOr<std::string> Carry(const BytesVersion& from, std::string_view bytes);

  // Where the families' traces differ, as a clause; empty if they do not.
  std::string Difference(const Schedule& before, const Schedule& after, int members);

 private:
  std::vector<uint64_t> TracesOf(const Schedule& schedule, int members);

  const std::vector<Target> targets_;
  Execution execution_;
  Schedule before_, after_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_CORPUS_CARRY_H_
