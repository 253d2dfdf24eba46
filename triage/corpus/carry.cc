// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/corpus/carry.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "explore/io/strings.h"
#include "harness/bytes.h"

namespace gatherfuzz {

absl::StatusOr<std::string> Carrier::Carry(const BytesVersion& from, std::string_view bytes) {
  const int members =
      from.decode({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, before_);
  const EncodedBytes encoded = EncodeBytes(before_, members);
  const int members_after = DecodeBytes({encoded.begin(), encoded.size()}, after_);
  if (members_after != members) {
    return absl::InvalidArgumentError(absl::StrCat("has ", members,
                                                   " members in its family, for which version ",
                                                   kBytesVersion, " has no room"));
  }
  const std::string difference = Difference(before_, after_, members);
  if (!difference.empty()) return absl::InvalidArgumentError(difference);
  return std::string(encoded.begin(), encoded.end());
}

std::string Carrier::Difference(const Schedule& before, const Schedule& after, int members) {
  const std::vector<uint64_t> traces = TracesOf(before, members);
  const std::vector<uint64_t> others = TracesOf(after, members);
  const auto at =
      std::mismatch(traces.begin(), traces.end(), others.begin()).first - traces.begin();
  const auto index = static_cast<size_t>(at);
  if (index == traces.size()) return "";
  const Target& target = targets_[index / static_cast<size_t>(members)];
  return absl::StrCat("means something else in version ", kBytesVersion,
                      ": its trace differs under ", Absl(target.policy->name()), " on ",
                      Absl(target.arch->name()), " in member ",
                      index % static_cast<size_t>(members));
}

// By target, then by member.
std::vector<uint64_t> Carrier::TracesOf(const Schedule& schedule, int members) {
  std::vector<uint64_t> hashes;
  execution_.Load(schedule);
  for (const auto& [policy, arch] : targets_) {
    for (int number = 0; number < members; ++number) {
      const Member member = MemberOf(schedule, number);
      hashes.push_back(execution_.RunLoaded(*policy, *arch, member).trace_hash);
    }
  }
  return hashes;
}

}  // namespace gatherfuzz
