// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Sorts crash files into distinct violations: by policy, architecture and signature, and by whether
// they say anything against the policy, so that one that does is never among others that do not.
//
// What comes out is a function of the files alone.
#ifndef GATHERFUZZ_TRIAGE_CRASHES_SORT_H_
#define GATHERFUZZ_TRIAGE_CRASHES_SORT_H_

#include <compare>
#include <memory>
#include <string>
#include <vector>

#include "triage/crashes/find.h"
#include "triage/crashes/replay.h"

namespace gatherfuzz {

struct SortedFile {
  FoundFile found;
  uint64_t bytes = 0;
  std::string hash;                          // of the content; empty if it was not read
  std::shared_ptr<const Replayed> replayed;  // null if it was stopped before
};

struct ViolationKey {
  std::string policy, arch, signature;
  bool excused = false;  // harness/target.h
  friend auto operator<=>(const ViolationKey&, const ViolationKey&) = default;
};
ViolationKey KeyOf(const Replayed& violation);

struct ViolationGroup {
  ViolationKey key;
  ViolationKind kind = ViolationKind::kNone;
  std::vector<size_t> files;  // indices, in the order of the files
  size_t shortest = 0;        // of these: fewest steps, then fewest bytes, then first by path
};

// By key. Files without a violation are in no group.
std::vector<ViolationGroup> GroupByViolation(const std::vector<SortedFile>& files);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_CRASHES_SORT_H_
