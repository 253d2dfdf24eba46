// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a path says of the policy and the architecture that a crash was found under: bytes do not.
//
// The nearest name along the path that says it counts: POLICY_ARCH, as scripts/fuzz has it; the
// name of a fuzz target, fuzz_POLICY_ARCH or afl_POLICY_ARCH, also in what AFL++ wrote of its
// command line; POLICY/ARCH, as in corpus/.
#ifndef GATHERFUZZ_TRIAGE_CRASHES_GUESS_H_
#define GATHERFUZZ_TRIAGE_CRASHES_GUESS_H_

#include <string>
#include <string_view>

namespace gatherfuzz {

// Names, known or not; empty where nothing is said.
struct Said {
  std::string policy, arch;
  bool nothing() const { return policy.empty() && arch.empty(); }
  friend bool operator==(const Said&, const Said&) = default;
};

// By the name of one file or folder. A policy that is not known is said only by a whole name that
// is one of a fuzz target: it must not be taken for what a folder further up says.
Said SaidByName(std::string_view name);

// By AFL++'s fuzzer_stats or fuzzer_setup: the last fuzz target it names.
Said SaidByAfl(std::string_view content);

// By a folder, or else as `above`. Reads AFL++'s files in it, if there are any.
Said SaidByFolder(const std::string& folder, const Said& above);

// By all folders on the way to `path`, of which it may be the last.
Said SaidByPath(const std::string& path);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_CRASHES_GUESS_H_
