// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/crashes/sort.h"

#include <map>
#include <tuple>
#include <utility>

namespace gatherfuzz {

ViolationKey KeyOf(const Replayed& violation) {
  return {violation.policy, violation.arch, violation.signature, violation.excused};
}

std::vector<ViolationGroup> GroupByViolation(const std::vector<SortedFile>& files) {
  std::map<ViolationKey, ViolationGroup> groups;
  const auto rank = [&](size_t i) {
    return std::tie(files[i].replayed->steps, files[i].bytes, files[i].found.path);
  };
  for (size_t i = 0; i < files.size(); ++i) {
    if (files[i].replayed == nullptr || files[i].replayed->outcome != ReplayOutcome::kViolation)
      continue;
    ViolationGroup& group = groups[KeyOf(*files[i].replayed)];
    if (group.files.empty() || rank(i) < rank(group.shortest)) group.shortest = i;
    group.files.push_back(i);
    group.kind = files[i].replayed->kind;
  }
  std::vector<ViolationGroup> sorted;
  for (auto& [key, group] : groups) {
    group.key = key;
    sorted.push_back(std::move(group));
  }
  return sorted;
}

}  // namespace gatherfuzz
