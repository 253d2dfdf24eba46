// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "command/chosen.h"

#include <algorithm>
#include <optional>
#include <thread>

#include "absl/flags/flag.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "command/command.h"

namespace gatherfuzz {
namespace {

// A positive number with an optional k, M or G.
std::optional<double> ParseSize(absl::string_view text) {
  double unit = 1;
  if (!text.empty()) {
    switch (text.back()) {
      case 'k': unit = 1 << 10; break;
      case 'M': unit = 1 << 20; break;
      case 'G': unit = 1 << 30; break;
      default: break;
    }
    if (unit != 1) text.remove_suffix(1);
  }
  double number = 0;
  if (!absl::SimpleAtod(text, &number) || !(number > 0) || number * unit > 1e15) return {};
  return number * unit;
}

}  // namespace

absl::StatusOr<int> ChosenJobs() {
  constexpr int kMaxJobs = 1024;
  const int jobs = absl::GetFlag(FLAGS_jobs);
  if (jobs < 0 || jobs > kMaxJobs) {
    return absl::InvalidArgumentError(absl::StrCat("--jobs is 0 to ", kMaxJobs));
  }
  return jobs != 0 ? jobs : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

absl::StatusOr<ExploreLimits> ChosenLimits() {
  ExploreLimits limits;
  for (const absl::string_view item :
       absl::StrSplit(absl::GetFlag(FLAGS_limit), ',', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(item, absl::MaxSplits('=', 1));
    const std::optional<double> size = ParseSize(parts.second);
    if (size && parts.first == "states") {
      limits.states = static_cast<uint64_t>(*size);
    } else if (size && parts.first == "memory") {
      limits.bytes = static_cast<uint64_t>(*size);
    } else if (size && parts.first == "seconds") {
      limits.seconds = *size;
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("--limit: '", item,
                       "' is none of states=N, memory=N, seconds=N (N may end in k, M or G)"));
    }
  }
  return limits;
}

absl::StatusOr<ProgramList> ChosenPrograms(std::string_view or_else) {
  const std::string flag = absl::GetFlag(FLAGS_programs);
  auto list = ProgramList::Parse(flag.empty() ? or_else : flag);
  if (auto* wrong = std::get_if<std::string>(&list)) {
    return absl::InvalidArgumentError(absl::StrCat("--programs: ", *wrong));
  }
  return std::get<ProgramList>(std::move(list));
}

}  // namespace gatherfuzz
