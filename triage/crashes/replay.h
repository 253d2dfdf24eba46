// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Replays one crash file, as a fuzz target does: each member of its family, until one is not clean.
#ifndef GATHERFUZZ_TRIAGE_CRASHES_REPLAY_H_
#define GATHERFUZZ_TRIAGE_CRASHES_REPLAY_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/execution.h"
#include "triage/crashes/guess.h"

namespace gatherfuzz {

enum class ReplayOutcome : uint8_t {
  kViolation,
  kNoViolation,
  kStepLimit,
  kUnread,         // from here on: it could not be judged
  kBadText,        // text that is not well formed
  kUnsaid,         // nobody says which policy, or which architecture
  kUnknownTarget,  // somebody names one that there is not
  kNoSchedule,     // a file of another kind, which as bytes shows no violation
};
// As it stands in JSON: "violation", "no-violation", ...
std::string_view OutcomeName(ReplayOutcome outcome);

struct Replayed {
  ReplayOutcome outcome = ReplayOutcome::kUnread;
  std::string why;    // of all but a violation: a clause
  std::string doubt;  // why it is most likely no schedule (explore/io/foreign.h); mostly empty
  bool own = false;   // it is text that names a policy or an architecture other than the flags do
  // Of a violation.
  std::string policy, arch, signature;
  bool excused = false;  // harness/target.h
  ViolationKind kind = ViolationKind::kNone;
  uint32_t steps = 0;
};

// What is to be replayed, and who says under what. Of text its own lines count most, then the
// flags; of bytes the flags, then the path.
struct ReplayInput {
  std::string_view content;
  bool named_as_text = false;  // *.gather; other content may be text all the same
  const Said& flags;
  const Said& path;
};

// Of a violation, `schedule` is the member that has it.
Replayed Replay(Execution& execution, const ReplayInput& input, Schedule& schedule);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_CRASHES_REPLAY_H_
