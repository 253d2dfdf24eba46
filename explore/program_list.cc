// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/program_list.h"

#include <algorithm>
#include <utility>

namespace gatherfuzz {
namespace {

// What each part of a list is there for. Together they break every published policy that is known
// to be broken, where it is; and what does not break is explored over a good deal more than that
// takes.
constexpr NamedBounds kNamed[] = {
    {"default", "what docs/verdicts.md is made with",
     // The mail's race with a walker on each CPU, and freed tables with two walkers at large.
     "cpus=2 ops=2 pages=3 walkers=2;"
     // Cleaned pages.
     "cpus=2 ops=2 pages=3 walkers=1 init=dirty kinds=dontneed,free,write;"
     // Flushes in the middle of a zap.
     "cpus=2 ops=2 pages=3 walkers=1 batch=1 kinds=munmap,dontneed;"
     // Ends of VMAs, at which some architectures flush.
     "cpus=2 ops=2 pages=3 walkers=1 vmas=2 kinds=munmap,dontneed;"
     // Two sizes of pages: widen-range on x86, nesting-counters on arm64.
     "cpus=2 ops=2 pages=6 walkers=0 huge=1 kinds=munmap,dontneed;"
     // Two huge pages: nesting-counters on x86.
     "cpus=2 ops=2 pages=8 walkers=0 huge=1 at=0 kinds=munmap,dontneed;"
     // Three calls; three CPUs.
     "cpus=2 ops=3 pages=3 walkers=0;"
     "cpus=3 ops=3 pages=2 walkers=1 kinds=munmap,dontneed;"
     // So many calls that newcomers pass by a finish that waits: sync-finish.
     "cpus=3 ops=5 pages=1 walkers=0 init=empty kinds=dontneed"},
    {"small", "in under a minute on one core, all but nesting-counters on x86 come out the same",
     "cpus=2 ops=2 pages=2 walkers=1 kinds=munmap,dontneed;"
     "cpus=2 ops=2 pages=6 walkers=0 huge=1 kinds=dontneed;"
     "cpus=3 ops=5 pages=1 walkers=0 init=empty kinds=dontneed"},
};

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

}  // namespace

std::span<const NamedBounds> AllNamedBounds() { return kNamed; }

std::variant<ProgramList, std::string> ProgramList::Parse(std::string_view text) {
  for (const NamedBounds& named : kNamed) {
    if (Trim(text) == named.name) return Parse(named.bounds);
  }
  ProgramList list;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(';', at), text.size());
    const std::string_view given = Trim(text.substr(at, end - at));
    at = end + 1;
    const auto bounds = ParseBounds(given);
    if (const auto* wrong = std::get_if<std::string>(&bounds)) return *wrong;
    auto programs = Programs::Enumerate(std::get<Bounds>(bounds));
    if (const auto* wrong = std::get_if<std::string>(&programs)) return *wrong;
    list.parts_.push_back(
        {std::string(given), std::get<Programs>(std::move(programs)), list.size_});
    list.size_ += list.parts_.back().programs.size();
  }
  return list;
}

uint64_t ProgramList::before_symmetry() const {
  uint64_t programs = 0;
  for (const Part& part : parts_) programs += part.programs.before_symmetry();
  return programs;
}

const ProgramList::Part& ProgramList::PartOf(uint64_t index) const {
  return *--std::upper_bound(parts_.begin(), parts_.end(), index,
                             [](uint64_t wanted, const Part& part) { return wanted < part.first; });
}

Schedule ProgramList::At(uint64_t index) const {
  const Part& part = PartOf(index);
  return part.programs.At(index - part.first);
}

std::string ProgramList::Print() const {
  std::string text;
  for (const Part& part : parts_) {
    text += (text.empty() ? "" : "; ") + PrintBounds(part.programs.bounds());
  }
  return text;
}

}  // namespace gatherfuzz
