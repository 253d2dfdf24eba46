// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Programs of a few operations, all on the same few pages, some of them of one or two themes: most
// bugs take no more, and a run of it takes a tenth of the time of a long one.
#include <algorithm>
#include <iterator>
#include <span>

#include "fuzz/mutations.h"

namespace gatherfuzz {
namespace {

using enum OpKind;

constexpr OpKind kBasic[] = {kDontneed, kDontneed, kDontneed, kMunmap, kMunmap, kFree, kFree,
                             kRead,     kRead,     kWrite,    kWrite,  kFill,   kFill};

// What few programs have, and what bugs are about.
constexpr OpKind kReclaims[] = {kReclaim, kSwapout};
constexpr OpKind kProtects[] = {kProtect, kUffdwp, kNuma, kCleardirty};
constexpr OpKind kMoves[] = {kRemap};
constexpr OpKind kDecides[] = {kMigrate, kKsm, kFork, kPin, kForkpart};
constexpr OpKind kSwitches[] = {kSwitch, kIdle};
constexpr OpKind kEnds[] = {kExit, kReap};
constexpr OpKind kMarks[] = {kGuard, kUnguard};
constexpr OpKind kMapping[] = {kMap, kMunmap};
constexpr OpKind kRevokes[] = {kRevoke, kRevoke, kMunmap};
constexpr OpKind kShares[] = {kUnshare, kOtherMunmap, kOtherMunmap, kExit};
constexpr std::span<const OpKind> kThemes[] = {
    kReclaims, kReclaims, kReclaims, kProtects, kProtects, kProtects, kMoves,   kMoves,   kDecides,
    kDecides,  kSwitches, kSwitches, kEnds,     kSwitches, kMarks,    kMapping, kRevokes, kShares};

template <typename List>
const auto& Pick(const List& list, Random& random) {
  return list[random.Below(static_cast<uint32_t>(std::size(list)))];
}

// All of the window, one page of it, or some.
PageRange Inside(PageRange window, Random& random) {
  const auto pages = static_cast<uint32_t>(window.end - window.begin);
  const int page = window.begin + static_cast<int>(random.Below(pages));
  switch (random.Below(3)) {
    case 0: return window;
    case 1: return {page, page + 1};
    default: break;
  }
  const int other = window.begin + static_cast<int>(random.Below(pages));
  return {std::min(page, other), std::max(page, other) + 1};
}

bool IsOfSharedTables(const OpInfo& info) { return info.is(effect::kUnshares | effect::kOfOther); }

// Page tables that two mms share are where no VMA is: in the span behind that of the window. Some
// CPU may have a pointer to them.
PageRange SharedSpan(Schedule& schedule, PageRange window, Random& random) {
  const int page = (RoundDown(window.begin, kPagesPerPud) + kPagesPerPud) % kPages;
  const PageRange range{page, page + 1};
  if (OneIn(random, 2)) {
    schedule.init.push_back(
        {.kind = InitItem::Kind::kCached, .range = range, .cpu = PickCpu(schedule, random)});
  }
  return range;
}

void Insert(Schedule& schedule, const ProgramLine& line, Random& random) {
  schedule.program.insert(random.Below(static_cast<uint32_t>(schedule.program.size() + 1)), line);
}

CpuId PickReclaimer(Schedule& schedule, Random& random) {
  if (!schedule.kswapd && !OneIn(random, 4)) {
    ++schedule.cpus;
    schedule.kswapd = true;
  }
  return schedule.kswapd ? MakeCpu(schedule.kswapd_cpu()) : PickCpu(schedule, random);
}

// A CPU goes somewhere else, and mostly comes back, and uses what it left; on a machine that is
// short of one ASID for that, at times.
void AddSwitches(Schedule& schedule, OpKind kind, PageRange window, Random& random) {
  const CpuId cpu = PickCpu(schedule, random);
  const bool invlpgb = schedule.kernel >= KernelVersion::k6_17 && OneIn(random, 2);
  if (invlpgb) schedule.hardware = HardwareKind::kInvlpgb;
  if (kind == kIdle) {
    schedule.program.push_back(MakeLine(cpu, kIdle, {0, 1}, random));
    if (invlpgb && OneIn(random, 2)) {
      schedule.program.push_back(MakeLine(cpu, kLeave, {0, 1}, random));
    }
    if (!OneIn(random, 3)) schedule.program.push_back(MakeLine(cpu, kWake, {0, 1}, random));
    return;
  }
  const int others = 1 + static_cast<int>(random.Below(2));
  if (!OneIn(random, 4)) schedule.asids = others - 1;
  for (int mm = others; mm > 0; --mm) {
    schedule.program.push_back(MakeLine(cpu, kSwitch, {mm, mm + 1}, random));
  }
  if (OneIn(random, 6)) return;
  schedule.program.push_back(MakeLine(cpu, kSwitch, {0, 1}, random));
  if (OneIn(random, 4)) return;
  schedule.program.push_back(MakeLine(cpu, OneIn(random, 2) ? kRead : kWrite, window, random));
}

void AddOp(Schedule& schedule, std::span<const OpKind> kinds, PageRange window, Random& random) {
  const OpKind kind = Pick(kinds, random);
  const OpInfo& info = Info(kind);
  if (!info.exists_in(schedule.kernel)) return;
  if (kind == kSwitch || kind == kIdle) return AddSwitches(schedule, kind, window, random);
  const CpuId cpu =
      info.is(effect::kReclaims) ? PickReclaimer(schedule, random) : PickCpu(schedule, random);
  const PageRange range =
      IsOfSharedTables(info) ? SharedSpan(schedule, window, random) : Inside(window, random);
  const ProgramLine line = MakeLine(cpu, kind, range, random);
  Insert(schedule, line, random);
  if (info.is(effect::kRevokes)) schedule.init[0].flags = {.write = true, .pfn = true};
  // Where pages have moved to, somebody looks for them; what is pinned is copied where it is
  // written.
  if (info.is(effect::kMoves) && OneIn(random, 2)) {
    const OpKind next = OneIn(random, 2) ? Pick(kReclaims, random) : Pick(kBasic, random);
    const CpuId other = Info(next).is(effect::kReclaims) ? PickReclaimer(schedule, random)
                                                         : PickCpu(schedule, random);
    schedule.program.push_back(MakeLine(other, next, MovesTo(line.op), random));
  } else if (kind == kPin && OneIn(random, 2)) {
    schedule.program.push_back(MakeLine(cpu, kWrite, line.op.range, random));
  }
}

// The whole window is there, and most CPUs have it, or less than that. Where pages are huge, half
// of the windows become one of whole blocks: what is of a huge leaf happens to all of it.
void TinyInit(Schedule& schedule, PageRange& window, bool whole, Random& random) {
  InitItem item{.kind = InitItem::Kind::kMap, .range = window};
  item.flags = {.write = !OneIn(random, 8), .huge = OneIn(random, 5)};
  if (item.flags.huge) {
    item.range = {0, RoundUp(window.end, kPagesPerPmd)};
    if (OneIn(random, 2)) window = {RoundDown(window.begin, kPagesPerPmd), item.range.end};
  }
  schedule.init.push_back(item);
  item = {.kind = InitItem::Kind::kPresent, .range = item.range, .dirty = OneIn(random, 2)};
  item.folio = schedule.kernel >= KernelVersion::k6_17 && OneIn(random, 8);
  if (!whole && OneIn(random, 4)) item.range = Inside(window, random);
  schedule.init.push_back(item);
  item.kind = InitItem::Kind::kCached;
  item.dirty = item.folio = false;
  for (int cpu = 0; cpu < schedule.cpus; ++cpu) {
    if (OneIn(random, whole ? 4 : 2)) continue;
    item.cpu = MakeCpu(cpu);
    schedule.init.push_back(item);
  }
}

// Nothing but whose operations and which memory it is for.
void Clear(Schedule& schedule) {
  const KernelVersion kernel = schedule.kernel;
  const MemoryModel memory = schedule.memory;
  schedule = {};
  schedule.kernel = kernel;
  schedule.memory = memory;
}

// Where few steps are left to chance, what gives turns to one agent for long does best.
Tail ShortTail(Random& random) {
  static constexpr Tail::Kind kTails[8] = {
      Tail::Kind::kPct, Tail::Kind::kPct, Tail::Kind::kPos,      Tail::Kind::kPos,
      Tail::Kind::kPos, Tail::Kind::kPos, Tail::Kind::kLandmark, Tail::Kind::kLandmark};
  Tail tail = AnyTail(random);
  tail.kind = Pick(kTails, random);
  return tail;
}

// What a CPU does where each does one thing.
constexpr OpKind kOnce[] = {kDontneed, kDontneed,   kDontneed, kDontneed, kMunmap,  kMunmap,
                            kFree,     kFree,       kFree,     kRead,     kWrite,   kWrite,
                            kFill,     kMap,        kProtect,  kUffdwp,   kNuma,    kRemap,
                            kGuard,    kCleardirty, kMigrate,  kKsm,      kFork,    kForkpart,
                            kReap,     kExit,       kSwitch,   kIdle,     kUnshare, kOtherMunmap};

// All of the window, what of it begins at a page or ends behind one, or a page; half of these pages
// are the last one, since calls that meet there only are told apart by how they end.
PageRange Part(PageRange window, Random& random) {
  const auto pages = static_cast<uint32_t>(window.end - window.begin);
  const int page =
      OneIn(random, 2) ? window.end - 1 : window.begin + static_cast<int>(random.Below(pages));
  switch (random.Below(4)) {
    case 0: return {page, window.end};
    case 1: return {window.begin, page + 1};
    case 2: return {page, page + 1};
    default: return window;
  }
}

void AddOnce(Schedule& schedule, CpuId cpu, PageRange window, Random& random) {
  const OpKind kind = Pick(kOnce, random);
  if (!Info(kind).exists_in(schedule.kernel)) return;
  if (kind == kSwitch || kind == kIdle) return AddSwitches(schedule, kind, window, random);
  if (IsOfSharedTables(Info(kind))) window = SharedSpan(schedule, window, random);
  const PageRange part = Part(window, random);
  if (OneIn(random, 3)) {
    const OpKind use = OneIn(random, 2) ? kRead : kWrite;
    const PageRange used = OneIn(random, 2) ? part : Part(window, random);
    schedule.program.push_back(MakeLine(cpu, use, used, random));
  }
  schedule.program.push_back(MakeLine(cpu, kind, part, random));
}

}  // namespace

void GenerateOneEach(Schedule& schedule, Random& random) {
  static constexpr int kCpus[8] = {1, 1, 1, 2, 2, 2, 2, 3};
  // The last one is a page more than x86 invalidates one by one.
  static constexpr int kSpans[8] = {1, 2, 2, 3, 3, 4, 4, 9};
  Clear(schedule);
  const int cpus = schedule.cpus = Pick(kCpus, random);
  const int first = OneIn(random, 2) ? 0 : static_cast<int>(random.Below(kPagesPerPmd));
  PageRange window{first, first + Pick(kSpans, random)};
  TinyInit(schedule, window, true, random);
  for (int cpu = 0; cpu < cpus; ++cpu) AddOnce(schedule, MakeCpu(cpu), window, random);
  if (cpus == 1 || OneIn(random, 2)) {
    ++schedule.cpus;
    schedule.kswapd = true;
    // What it takes last, a call comes to last, too.
    const PageRange last{window.end - 1, window.end};
    const PageRange reclaimed = OneIn(random, 3) ? last : Part(window, random);
    schedule.program.push_back(MakeLine(MakeCpu(cpus), Pick(kReclaims, random), reclaimed, random));
  }
  schedule.tail = ShortTail(random);
}

// CPUs that go from mm to mm, of which there are four, with few ASIDs free; in the end somebody
// calls for a page of mm0, or uses it.
void GenerateRollover(Schedule& schedule, Random& random) {
  static constexpr OpKind kAtEnd[] = {kDontneed, kDontneed, kMunmap, kRead, kRead, kWrite};
  Clear(schedule);
  schedule.cpus = OneIn(random, 4) ? 1 : 2;
  schedule.asids = static_cast<int>(random.Below(3));
  const int first = static_cast<int>(random.Below(kPagesPerPmd));
  PageRange window{first, first + (OneIn(random, 4) ? 2 : 1)};
  TinyInit(schedule, window, true, random);
  for (int i = 0; i < schedule.cpus; ++i) {
    const CpuId cpu = MakeCpu(i);
    int at = 0;
    const auto go_to = [&](int mm) {
      at = mm;
      schedule.program.push_back(MakeLine(cpu, kSwitch, {mm, mm + 1}, random));
    };
    for (uint32_t switches = random.Below(7); switches > 0; --switches) {
      go_to((at + 1 + static_cast<int>(random.Below(kUserMms - 1))) % kUserMms);
    }
    if (at != 0 && !OneIn(random, 4)) go_to(0);
    if (!OneIn(random, 3)) {
      schedule.program.push_back(MakeLine(cpu, Pick(kAtEnd, random), window, random));
    }
    if (OneIn(random, 3)) schedule.program.push_back(MakeLine(cpu, kFill, window, random));
  }
  schedule.tail = ShortTail(random);
}

void GenerateTiny(Schedule& schedule, Random& random) {
  static constexpr int kCpus[8] = {1, 1, 1, 2, 2, 2, 3, 3};
  static constexpr int kSpans[8] = {1, 2, 2, 3, 3, 4, 4, 10};
  Clear(schedule);
  schedule.cpus = Pick(kCpus, random);
  if (OneIn(random, 4)) schedule.batch = 1 + static_cast<int>(random.Below(kMaxBatch));
  if (OneIn(random, 4)) {
    schedule.hardware = PickHardware(random);
  }
  // Half of the windows have the last page of a table in them.
  const int span = Pick(kSpans, random);
  const auto back = random.Below(static_cast<uint32_t>(std::min(span, kPagesPerPmd)));
  const int first = OneIn(random, 2) ? kPagesPerPmd - 1 - static_cast<int>(back)
                                     : static_cast<int>(random.Below(kPagesPerPmd));
  PageRange window{first, first + span};
  TinyInit(schedule, window, false, random);
  const std::span<const OpKind> themes[2] = {Pick(kThemes, random), Pick(kThemes, random)};
  for (const auto& theme : themes) {
    if (!OneIn(random, 4)) AddOp(schedule, theme, window, random);
  }
  for (int ops = static_cast<int>(random.Below(5)); ops > 0; --ops) {
    AddOp(schedule, OneIn(random, 4) ? themes[ops % 2] : std::span<const OpKind>(kBasic), window,
          random);
  }
  schedule.tail = ShortTail(random);
}

}  // namespace gatherfuzz
