// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The shortest order of the programs that are left, by exploration.
#include <algorithm>
#include <compare>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "harness/text.h"
#include "triage/minimize/passes.h"

namespace gatherfuzz {
namespace {

// As many CPUs as are tried in every numbering.
constexpr int kMostNumberings = 3;

// The path as a schedule, with its CPUs numbered as they first move.
std::optional<Subject> Numbered(Attempts& attempts, const Schedule& programs, const Path& path) {
  const CpuMap map = InOrderOfMoves(programs, path);
  const Schedule renumbered = attempts.ScheduleFor(WithCpus(programs, map), WithCpus(path, map));
  if (std::optional<Subject> subject = attempts.Run(renumbered)) return subject;
  return attempts.Run(attempts.ScheduleFor(programs, path));
}

bool IsSimpler(const Subject& a, const Subject& b) {
  if (a.weight.Worth() != b.weight.Worth()) return a.weight.Worth() < b.weight.Worth();
  return PrintText({.schedule = a.schedule}) < PrintText({.schedule = b.schedule});
}

}  // namespace

// Of ways that are equally short, which one a search finds depends on the numbers of CPUs. So each
// numbering is searched, and of what they find the same one is taken whatever the numbers were.
void TakeShortestOrder(Attempts& attempts) {
  const Schedule programs = attempts.schedule();
  const int most = attempts.best().weight.preemptions;
  std::optional<Subject> simplest;
  CpuMap map;
  std::iota(map.begin(), map.end(), 0);
  do {
    const Schedule numbered = WithCpus(programs, map);
    const ShortestResult result = attempts.FindOrder(numbered, most);
    if (result.stopped != Stop::kNo) break;  // as it would be in the others
    if (!result.found) continue;
    std::optional<Subject> subject = Numbered(attempts, numbered, result.found->path);
    if (subject && (!simplest || IsSimpler(*subject, *simplest))) simplest = std::move(subject);
  } while (
      programs.cpus <= kMostNumberings &&
      std::next_permutation(map.begin(), map.begin() + programs.cpus - (programs.kswapd ? 1 : 0)));
  if (simplest) attempts.Adopt(*simplest);
}

std::strong_ordering CompareWithShortest(Attempts& attempts) {
  const Weight& weight = attempts.best().weight;
  const ShortestResult result = attempts.FindOrderOfKind(attempts.schedule(), weight.preemptions);
  if (!result.cheapest) return std::strong_ordering::less;
  // Of a livelock, exploration ends as soon as nobody can be released; a run goes on until it has
  // seen that.
  if (Info(result.cheapest->kind).about == ViolationAbout::kLooking) {
    return weight.preemptions <=> result.cheapest->preemptions;
  }
  return std::pair(weight.preemptions, weight.steps) <=>
         std::pair(result.cheapest->preemptions, result.cheapest->steps);
}

}  // namespace gatherfuzz
