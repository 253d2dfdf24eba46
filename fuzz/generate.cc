// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include <algorithm>
#include <array>
#include <bit>

#include "fuzz/mutations.h"
#include "harness/bytes.h"

namespace gatherfuzz {
namespace {

// How often `op` is drawn for a schedule of that kernel.
int Drawn(const OpInfo& op, KernelVersion kernel) { return op.exists_in(kernel) ? op.drawn : 0; }

// All pages below `span`, one, a few, or any.
PageRange RangeWithin(int span, Random& random) {
  const int page = static_cast<int>(random.Below(static_cast<uint32_t>(span)));
  switch (random.Below(8)) {
    case 0: return {0, span};
    case 1:
    case 2:
    case 3: return {page, std::min(page + SmallNumber(random, span), span)};
    case 4:
    case 5: return {page, page + 1};
    default: break;
  }
  const int other = static_cast<int>(random.Below(static_cast<uint32_t>(span)));
  return {std::min(page, other), std::max(page, other) + 1};
}

PageRange Clamp(int begin, int end) {
  begin = std::clamp(begin, 0, kPages - 1);
  return {begin, std::clamp(end, begin + 1, kPages)};
}

// One VMA over the span, or two that touch or leave a hole; huge once in so many times.
void GenerateVmas(Schedule& schedule, int span, uint32_t huge, Random& random) {
  InitItem map;
  map.flags = {.write = !OneIn(random, 6), .huge = OneIn(random, huge)};
  map.range = {0, span};
  if (OneIn(random, 2)) {
    const int middle = 1 + static_cast<int>(random.Below(static_cast<uint32_t>(span - 1)));
    InitItem second = map;
    map.range.end = middle;
    second.range.begin = OneIn(random, 3) ? std::min(middle + 1, span - 1) : middle;
    if (OneIn(random, 3)) second.flags.huge = !second.flags.huge;
    schedule.init.push_back(second);
  }
  schedule.init.push_back(map);
}

void GenerateInit(Schedule& schedule, int span, uint32_t huge, Random& random) {
  GenerateVmas(schedule, span, huge, random);
  InitItem item{.kind = InitItem::Kind::kPresent, .range = {0, span}};
  item.dirty = OneIn(random, 3);
  if (OneIn(random, 5)) item.range = RangeWithin(span, random);
  schedule.init.push_back(item);
  item.dirty = false;
  item.kind = InitItem::Kind::kCached;
  item.range = {0, span};
  for (int cpu = 0; cpu < schedule.cpus; ++cpu) {
    if (OneIn(random, 4)) continue;
    item.cpu = MakeCpu(cpu);
    schedule.init.push_back(item);
  }
}

// What random bytes decode to: long programs, and whatever nobody thought of.
void GenerateFromBytes(Schedule& schedule, Random& random) {
  std::array<uint8_t, 160> bytes;
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Next() >> 40);
  DecodeBytes({bytes.data(), kHeaderBytes + random.Below(144)}, schedule);
  if (OneIn(random, 2)) schedule.order.clear();
}

}  // namespace

int SmallNumber(Random& random, int most) {
  return std::min(1 + std::countr_zero(random.Next() | uint64_t{1} << 40), most);
}

CpuId PickCpu(const Schedule& schedule, Random& random) {
  return MakeCpu(static_cast<int>(
      random.Below(static_cast<uint32_t>(schedule.cpus - (schedule.kswapd ? 1 : 0)))));
}

PageRange Overlapping(PageRange range, Random& random) {
  const int pages = range.end - range.begin;
  const auto some = [&] { return SmallNumber(random, 16); };
  const auto inside = [&] {
    return range.begin + static_cast<int>(random.Below(static_cast<uint32_t>(pages)));
  };
  switch (random.Below(10)) {
    case 0: return range;
    case 1: return Clamp(range.begin + std::min(some(), pages - 1), range.end + some());
    case 2: return Clamp(range.begin - some(), range.end - std::min(some(), pages - 1));
    case 3: return Clamp(range.end - 1, range.end + some() - 1);      // from its last page on
    case 4: return Clamp(range.begin - some() + 1, range.begin + 1);  // up to its first
    case 5: return Clamp(range.begin - some(), range.end + some());
    case 6: {
      const int page = inside();
      return {page, page + 1};
    }
    case 7: {
      const int page = inside();
      return Clamp(page, std::max(page + 1, range.end - some() + 1));
    }
    case 8: return {RoundDown(range.begin, kPagesPerPmd), RoundUp(range.end, kPagesPerPmd)};
    default: break;
  }
  const int block = OneIn(random, 3) ? kPagesPerPud : kPagesPerPmd;
  const int page = RoundDown(inside(), block);
  return {page, page + block};
}

PageRange AnyRange(Random& random) {
  const int span = 4 << random.Below(5);
  const int page = static_cast<int>(random.Below(static_cast<uint32_t>(span)));
  return Overlapping({page, page + 1}, random);
}

HardwareKind PickHardware(Random& random) {
  static constexpr HardwareKind kKinds[] = {HardwareKind::kPlain, HardwareKind::kTce,
                                            HardwareKind::kFaults};
  return kKinds[random.Below(std::size(kKinds))];
}

OpKind PickOpKind(KernelVersion kernel, Random& random) {
  int draws = 0, kind = 0;
  for (const OpInfo& op : kOps) draws += Drawn(op, kernel);
  int left = static_cast<int>(random.Below(static_cast<uint32_t>(draws)));
  while ((left -= Drawn(kOps[kind], kernel)) >= 0) ++kind;
  return static_cast<OpKind>(kind);
}

ProgramLine MakeLine(CpuId cpu, OpKind kind, PageRange range, Random& random) {
  ProgramLine line{CpuAgent(cpu), {.kind = kind, .range = range, .flags = {}}};
  line.agent = MakeAgent(Info(kind).agent, cpu);
  if (!Info(kind).has_pages()) {
    const int mm = Info(kind).operands == Operands::kMm ? range.begin % kUserMms : 0;
    line.op.range = {mm, mm + 1};
  }
  if (Info(kind).has_page()) line.op.range.end = range.begin + 1;
  if (Info(kind).operands == Operands::kTwoPages) {
    line.op.to = static_cast<uint8_t>(range.begin ^ (1 << random.Below(3)));
  }
  if (Info(kind).operands == Operands::kAll) line.op.range = {0, kPages};
  if (Info(kind).operands == Operands::kMap) {
    line.op.flags = {.write = !OneIn(random, 4), .huge = OneIn(random, 3)};
  }
  if (Info(kind).operands == Operands::kRemap) {
    const int most = kPages - (range.end - range.begin);
    line.op.to =
        static_cast<uint8_t>(OneIn(random, 2) ? std::min(range.begin ^ 32, most)
                                              : random.Below(static_cast<uint32_t>(most + 1)));
    line.op.flags.stays = OneIn(random, 2);
  }
  if (Info(kind).operands == Operands::kProtect) {
    const bool none = OneIn(random, 3);
    line.op.flags = {.write = !none && OneIn(random, 3), .none = none};
  }
  return line;
}

Tail AnyTail(Random& random) {
  static constexpr Tail::Kind kLikely[8] = {
      Tail::Kind::kLandmark, Tail::Kind::kLandmark, Tail::Kind::kPct,  Tail::Kind::kPos,
      Tail::Kind::kSurw,     Tail::Kind::kSurw,     Tail::Kind::kRuns, Tail::Kind::kRuns};
  return {.kind = kLikely[random.Below(8)],
          .seed = static_cast<uint32_t>(random.Next()),
          .joined = true};
}

void Generate(Schedule& schedule, Random& random) {
  static constexpr int kLikelyCpus[8] = {2, 2, 2, 3, 3, 3, 3, 4};
  static constexpr int kLikelySpan[8] = {4, 8, 8, 8, 16, 16, 16, 32};
  const KernelVersion kernel = schedule.kernel;
  const MemoryModel memory = schedule.memory;
  if (OneIn(random, 2)) {
    GenerateFromBytes(schedule, random);
    schedule.kernel = Joined(schedule.kernel, kernel);
  } else {
    schedule = {};
    schedule.kernel = kernel;
    schedule.cpus = kLikelyCpus[random.Below(8)];
    schedule.batch = 1 + static_cast<int>(random.Below(kDefaultBatch));
    const int span = kLikelySpan[random.Below(8)];
    GenerateInit(schedule, span, 2, random);
    const auto most = OneIn(random, 4) ? static_cast<uint32_t>(kMaxOps)
                                       : static_cast<uint32_t>(16 * schedule.cpus);
    for (uint32_t ops = 2 + random.Below(most); ops > 0; --ops) {
      schedule.program.push_back(MakeLine(PickCpu(schedule, random), PickOpKind(kernel, random),
                                          RangeWithin(span, random), random));
    }
  }
  schedule.memory = memory;
  schedule.tail = AnyTail(random);
  Canonicalize(schedule);
}

void GenerateShort(Schedule& schedule, Random& random) {
  const KernelVersion kernel = schedule.kernel;
  const MemoryModel memory = schedule.memory;
  schedule = {};
  schedule.kernel = kernel;
  schedule.memory = memory;
  schedule.cpus = 2 + static_cast<int>(random.Below(2));
  const int span = OneIn(random, 3) ? 8 : 4;
  GenerateInit(schedule, span, 6, random);
  // Half of the small windows cross from one page table to the next.
  const int by = span == 4 && OneIn(random, 2) ? 2 : 0;
  for (InitItem& item : schedule.init) item.range = {item.range.begin + by, item.range.end + by};
  for (int ops = SmallNumber(random, 6); ops > 0; --ops) {
    const PageRange range = RangeWithin(span, random);
    schedule.program.push_back(MakeLine(PickCpu(schedule, random), PickOpKind(kernel, random),
                                        {range.begin + by, range.end + by}, random));
  }
  schedule.tail = AnyTail(random);
}

}  // namespace gatherfuzz
