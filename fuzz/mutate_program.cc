// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Mutations of what runs: operations, initial state, CPUs, the size of a batch.
#include <algorithm>
#include <utility>

#include "fuzz/mutations.h"

namespace gatherfuzz {
namespace {

// The index of an operation of another CPU than that of `index`; itself if there is none.
size_t OfAnother(const Schedule& schedule, size_t index, Random& random) {
  const auto& program = schedule.program;
  const size_t start = PickIndex(program, random);
  for (size_t i = 0; i < program.size(); ++i) {
    const size_t other = (start + i) % program.size();
    if (CpuOf(program[other].agent) != CpuOf(program[index].agent)) return other;
  }
  return index;
}

void SetRange(Op& op, PageRange range) {
  if (!Info(op.kind).has_pages() || Info(op.kind).operands == Operands::kAll) return;
  op.range = range;
  if (Info(op.kind).has_page()) op.range.end = range.begin + 1;
  op.to = static_cast<uint8_t>(std::min<int>(op.to, kPages - (op.range.end - op.range.begin)));
  if (Info(op.kind).operands == Operands::kTwoPages && op.to == op.range.begin) op.to ^= 1;
}

PageRange AnyMm(Random& random) {
  const int mm = static_cast<int>(random.Below(OneIn(random, 4) ? kUserMms : 2));
  return {mm, mm + 1};
}

// A range that some part of the schedule names, or any.
PageRange KnownRange(const Schedule& schedule, Random& random) {
  if (!schedule.program.empty() && !OneIn(random, 8)) {
    const Op& op = schedule.program[PickIndex(schedule.program, random)].op;
    if (Info(op.kind).has_target() && OneIn(random, 2)) return MovesTo(op);
    if (Info(op.kind).has_pages()) return op.range;
  }
  if (!schedule.init.empty()) return schedule.init[PickIndex(schedule.init, random)].range;
  return AnyRange(random);
}

PageRange Nudged(PageRange range, Random& random) {
  int& bound = OneIn(random, 2) ? range.begin : range.end;
  bound += OneIn(random, 2) ? 1 : -1;
  range.begin = std::clamp(range.begin, 0, kPages - 1);
  range.end = std::clamp(range.end, range.begin + 1, kPages);
  return range;
}

// One operation, or a dozen: engines prefer small inputs, and in a long program more can meet.
bool AddOps(Schedule& schedule, Random& random) {
  if (schedule.program.full()) return false;
  for (uint32_t ops = 1 + random.Below(1u << random.Below(6)); ops > 0; --ops) {
    const PageRange range = Overlapping(KnownRange(schedule, random), random);
    const CpuId cpu = PickCpu(schedule, random);
    schedule.program.insert(random.Below(static_cast<uint32_t>(schedule.program.size() + 1)),
                            MakeLine(cpu, PickOpKind(schedule.kernel, random), range, random));
  }
  return true;
}

bool DropOp(Schedule& schedule, Random& random) {
  if (schedule.program.size() < 2) return false;
  schedule.program.erase(PickIndex(schedule.program, random));
  return true;
}

bool ChangeKind(Schedule& schedule, Random& random) {
  if (schedule.program.empty()) return false;
  ProgramLine& line = schedule.program[PickIndex(schedule.program, random)];
  if (Index(CpuOf(line.agent)) == schedule.kswapd_cpu()) {
    line.op.kind = line.op.kind == OpKind::kReclaim ? OpKind::kSwapout : OpKind::kReclaim;
    return true;
  }
  line = MakeLine(CpuOf(line.agent), PickOpKind(schedule.kernel, random), line.op.range, random);
  return true;
}

bool ChangeRange(Schedule& schedule, Random& random) {
  if (schedule.program.empty()) return false;
  Op& op = schedule.program[PickIndex(schedule.program, random)].op;
  if (Info(op.kind).operands == Operands::kMm) {
    op.range = AnyMm(random);
    return true;
  }
  SetRange(op, OneIn(random, 2) ? Nudged(op.range, random) : Overlapping(op.range, random));
  return true;
}

// Makes an operation's range meet that of another CPU's.
bool Overlap(Schedule& schedule, Random& random) {
  if (schedule.program.empty()) return false;
  const size_t index = PickIndex(schedule.program, random);
  const PageRange other = schedule.program[OfAnother(schedule, index, random)].op.range;
  PageRange range = Overlapping(other, random);
  if (Info(schedule.program[index].op.kind).has_page()) {
    range.begin = std::max(range.begin, other.begin);
  }
  SetRange(schedule.program[index].op, range);
  return true;
}

bool CopyOp(Schedule& schedule, Random& random) {
  if (schedule.program.empty()) return false;
  ProgramLine line = schedule.program[PickIndex(schedule.program, random)];
  line.agent = MakeAgent(KindOf(line.agent), PickCpu(schedule, random));
  if (OneIn(random, 2)) SetRange(line.op, Overlapping(line.op.range, random));
  return schedule.program.push_back(line);
}

// Gives an operation to another CPU, or lets it change places with its neighbour.
bool MoveOp(Schedule& schedule, Random& random) {
  if (schedule.program.empty()) return false;
  const size_t index = PickIndex(schedule.program, random);
  ProgramLine& line = schedule.program[index];
  if (index == 0 || OneIn(random, 2)) {
    line.agent = MakeAgent(KindOf(line.agent), PickCpu(schedule, random));
  } else {
    std::swap(line.op, schedule.program[index - 1].op);
    std::swap(line.agent, schedule.program[index - 1].agent);
  }
  return true;
}

// Lets another CPU use a page of an operation: before the first step, by an access, or by a walk.
bool SharePage(Schedule& schedule, Random& random) {
  if (schedule.program.empty()) return false;
  const PageRange range = schedule.program[PickIndex(schedule.program, random)].op.range;
  const CpuId cpu = PickCpu(schedule, random);
  if (OneIn(random, 2)) {
    const PageRange part = Overlapping(range, random);
    return schedule.init.push_back({.kind = InitItem::Kind::kCached, .range = part, .cpu = cpu});
  }
  static constexpr OpKind kUses[4] = {OpKind::kFill, OpKind::kFill, OpKind::kRead, OpKind::kWrite};
  const int page =
      range.begin + static_cast<int>(random.Below(static_cast<uint32_t>(range.end - range.begin)));
  return schedule.program.push_back(
      MakeLine(cpu, kUses[random.Below(4)], {page, page + 1}, random));
}

bool AddInit(Schedule& schedule, Random& random) {
  InitItem item;
  item.range = Overlapping(KnownRange(schedule, random), random);
  switch (random.Below(4)) {
    case 0: item.flags = {.write = !OneIn(random, 4), .huge = OneIn(random, 2)}; break;
    case 1:
      item.kind = InitItem::Kind::kPresent;
      item.dirty = OneIn(random, 2);
      break;
    default: item.kind = InitItem::Kind::kCached; item.cpu = PickCpu(schedule, random);
  }
  return schedule.init.push_back(item);
}

// Where there are none, a large folio is nothing but slow.
bool MayHaveRuns(const Schedule& schedule) { return schedule.kernel >= KernelVersion::k6_17; }

bool ChangeInit(Schedule& schedule, Random& random) {
  if (schedule.init.empty()) return AddInit(schedule, random);
  const size_t index = PickIndex(schedule.init, random);
  InitItem& item = schedule.init[index];
  switch (random.Below(4)) {
    case 0: schedule.init.erase(index); break;
    case 1: item.range = Nudged(item.range, random); break;
    case 2: item.range = Overlapping(item.range, random); break;
    default:
      if (item.kind == InitItem::Kind::kMap) {
        (OneIn(random, 2) ? item.flags.write : item.flags.huge) ^= true;
      } else if (item.kind == InitItem::Kind::kPresent) {
        bool& what = MayHaveRuns(schedule) && OneIn(random, 4) ? item.folio : item.dirty;
        what = !what;
      } else {
        item.cpu = PickCpu(schedule, random);
      }
  }
  return true;
}

// One CPU more, or one less, whose part others take; another size of the batch; or other hardware,
// or another way to free page tables.
bool ChangeMachine(Schedule& schedule, Random& random) {
  if (OneIn(random, 8)) {
    if (OneIn(random, 2)) {
      schedule.rcu = !schedule.rcu;
      return true;
    }
    schedule.hardware = PickHardware(random);
    return true;
  }
  if (OneIn(random, 2)) {
    schedule.batch = 1 + static_cast<int>(random.Below(kDefaultBatch));
    return true;
  }
  if (schedule.kswapd) return false;  // it is the last of them
  if (OneIn(random, 2) && schedule.cpus < 4 && !schedule.program.full()) {
    ++schedule.cpus;
    return AddOps(schedule, random);
  }
  if (schedule.cpus <= 2) return false;
  --schedule.cpus;
  const auto wrap = [&](AgentId agent) {
    return MakeAgent(KindOf(agent), MakeCpu(Index(CpuOf(agent)) % schedule.cpus));
  };
  for (ProgramLine& line : schedule.program) line.agent = wrap(line.agent);
  for (Run& run : schedule.order) run.agent = wrap(run.agent);
  for (InitItem& item : schedule.init) item.cpu = MakeCpu(Index(item.cpu) % schedule.cpus);
  return true;
}

// The CPU of kswapd, or, at times, of a thread that needs memory.
CpuId PickReclaimer(Schedule& schedule, Random& random) {
  if (!schedule.kswapd && schedule.cpus < kMaxCpus && !OneIn(random, 4)) {
    ++schedule.cpus;
    schedule.kswapd = true;
  }
  return schedule.kswapd ? MakeCpu(schedule.kswapd_cpu()) : PickCpu(schedule, random);
}

void InsertReclaim(Schedule& schedule, CpuId cpu, PageRange range, Random& random) {
  schedule.program.insert(
      random.Below(static_cast<uint32_t>(schedule.program.size() + 1)),
      MakeLine(cpu, OneIn(random, 3) ? OpKind::kSwapout : OpKind::kReclaim, range, random));
}

// Memory is short.
bool AddReclaim(Schedule& schedule, Random& random) {
  if (schedule.program.full()) return false;
  const CpuId cpu = PickReclaimer(schedule, random);
  for (int ops = SmallNumber(random, 4); ops > 0; --ops) {
    InsertReclaim(schedule, cpu, Overlapping(KnownRange(schedule, random), random), random);
  }
  return true;
}

// A CPU sleeps or runs another mm for a while, or for good; at times where there is INVLPGB.
bool AddSwitch(Schedule& schedule, Random& random) {
  if (schedule.program.size() + 2 > kMaxOps) return false;
  const CpuId cpu = PickCpu(schedule, random);
  const bool sleeps = OneIn(random, 2);
  const auto there = MakeLine(cpu, sleeps ? OpKind::kIdle : OpKind::kSwitch, {1, 2}, random);
  const auto back = MakeLine(cpu, sleeps ? OpKind::kWake : OpKind::kSwitch, {0, 1}, random);
  const bool invlpgb = schedule.kernel >= KernelVersion::k6_17 && OneIn(random, 2);
  if (invlpgb) schedule.hardware = HardwareKind::kInvlpgb;
  if (OneIn(random, 4)) return schedule.program.push_back(there);
  const size_t at = random.Below(static_cast<uint32_t>(schedule.program.size() + 1));
  schedule.program.insert(at, back);
  if (invlpgb && sleeps && OneIn(random, 2) && !schedule.program.full()) {
    schedule.program.insert(at, MakeLine(cpu, OpKind::kLeave, {0, 1}, random));
  }
  schedule.program.insert(at, there);
  return true;
}

// ASIDs are short: CPUs go to other mms until there is none left, and come back.
bool AddRollover(Schedule& schedule, Random& random) {
  schedule.asids = static_cast<int>(random.Below(3));
  const int switches = SmallNumber(random, 4);
  for (int i = 0; i < switches && !schedule.program.full(); ++i) {
    const int mm = static_cast<int>(random.Below(kUserMms));
    const size_t at = random.Below(static_cast<uint32_t>(schedule.program.size() + 1));
    schedule.program.insert(
        at, MakeLine(PickCpu(schedule, random), OpKind::kSwitch, {mm, mm + 1}, random));
  }
  return true;
}

// Access is taken away, and at times given back; memory is so short that it is reaped; or pages
// move, and reclaim may look for them where they have come to.
bool AddProtection(Schedule& schedule, Random& random) {
  static constexpr OpKind kKinds[] = {
      OpKind::kProtect, OpKind::kProtect,    OpKind::kUffdwp, OpKind::kUffdwp, OpKind::kNuma,
      OpKind::kNuma,    OpKind::kCleardirty, OpKind::kReap,   OpKind::kRemap,  OpKind::kRemap};
  for (int ops = SmallNumber(random, 4); ops > 0 && !schedule.program.full(); --ops) {
    const PageRange range = Overlapping(KnownRange(schedule, random), random);
    const OpKind kind = kKinds[random.Below(std::size(kKinds))];
    const ProgramLine line = MakeLine(PickCpu(schedule, random), kind, range, random);
    schedule.program.insert(random.Below(static_cast<uint32_t>(schedule.program.size() + 1)), line);
    if (kind != OpKind::kRemap || !OneIn(random, 3)) continue;
    InsertReclaim(schedule, PickReclaimer(schedule, random), MovesTo(line.op), random);
  }
  return true;
}

// VMAs have locks.
bool AddVmaLocks(Schedule& schedule, Random&) {
  const KernelVersion before = std::exchange(schedule.kernel, WithVmaLocks(schedule.kernel));
  return schedule.kernel != before;
}

// Threads end: some, or all that there are, and then the mm.
bool AddExit(Schedule& schedule, Random& random) {
  const bool all = OneIn(random, 2);
  const int cpus = schedule.cpus - (schedule.kswapd ? 1 : 0);
  for (int cpu = 0; cpu < cpus && !schedule.program.full(); ++cpu) {
    if (!all && OneIn(random, 2)) continue;
    schedule.program.push_back(MakeLine(MakeCpu(cpu), OpKind::kExit, {0, 1}, random));
  }
  return true;
}

// Others take the right to write from pages, or make them clean.
void InsertTakers(Schedule& schedule, PageRange range, Random& random) {
  static constexpr OpKind kTakers[] = {OpKind::kUffdwp, OpKind::kFree, OpKind::kNuma};
  for (int ops = SmallNumber(random, 3); ops > 0 && !schedule.program.full(); --ops) {
    const OpKind kind = kTakers[random.Below(std::size(kTakers))];
    schedule.program.insert(random.Below(static_cast<uint32_t>(schedule.program.size() + 1)),
                            MakeLine(PickCpu(schedule, random), kind, range, random));
  }
}

// Somebody decides on what pages hold, or comes to refer to them.
bool AddContent(Schedule& schedule, Random& random) {
  static constexpr OpKind kKinds[] = {OpKind::kMigrate, OpKind::kMigrate, OpKind::kKsm,
                                      OpKind::kKsm,     OpKind::kFork,    OpKind::kPin,
                                      OpKind::kForkpart};
  for (int ops = SmallNumber(random, 4); ops > 0 && !schedule.program.full(); --ops) {
    const PageRange range = Overlapping(KnownRange(schedule, random), random);
    const OpKind kind = kKinds[random.Below(std::size(kKinds))];
    const ProgramLine line = MakeLine(PickCpu(schedule, random), kind, range, random);
    const size_t at = random.Below(static_cast<uint32_t>(schedule.program.size() + 1));
    // What is pinned is copied where it is written.
    if (kind == OpKind::kPin) {
      schedule.program.insert(at, MakeLine(CpuOf(line.agent), OpKind::kWrite, range, random));
    }
    schedule.program.insert(at, line);
    if (OneIn(random, 2)) {
      InsertTakers(schedule, kind == OpKind::kKsm ? MovesTo(line.op) : range, random);
    }
  }
  return true;
}

// A driver has mapped frames of its own, and takes them back while they are unmapped or used.
bool AddRevoke(Schedule& schedule, Random& random) {
  const auto is_map = [](const InitItem& item) { return item.kind == InitItem::Kind::kMap; };
  for (InitItem& item : schedule.init) {
    if (is_map(item) && OneIn(random, 2)) item.flags = {.write = true, .pfn = true};
  }
  static constexpr OpKind kKinds[] = {OpKind::kRevoke, OpKind::kRevoke, OpKind::kMunmap};
  for (int ops = SmallNumber(random, 4); ops > 0 && !schedule.program.full(); --ops) {
    const PageRange range = Overlapping(KnownRange(schedule, random), random);
    const size_t at = random.Below(static_cast<uint32_t>(schedule.program.size() + 1));
    schedule.program.insert(at, MakeLine(PickCpu(schedule, random),
                                         kKinds[random.Below(std::size(kKinds))], range, random));
  }
  return true;
}

// A span of an upper entry in which `init` maps nothing: page tables are shared there.
PageRange UnmappedSpan(const Schedule& schedule, Random& random) {
  uint64_t mapped = 0;
  for (const InitItem& item : schedule.init) {
    if (item.kind == InitItem::Kind::kMap) mapped |= MaskOf(item.range);
  }
  const int first = static_cast<int>(random.Below(kPuds));
  for (int i = 0; i < kPuds; ++i) {
    const int begin = (first + i) % kPuds * kPagesPerPud;
    const PageRange span{begin, begin + kPagesPerPud};
    if ((mapped & MaskOf(span)) == 0) return span;
  }
  return {};
}

// Another mm shares a page table: who has it unmaps it, and others have it cached; at times one of
// them sleeps.
bool AddSharing(Schedule& schedule, Random& random) {
  const PageRange span = UnmappedSpan(schedule, random);
  if (span.empty()) return false;
  const PageRange range = OneIn(random, 2) ? span : PageRange{span.begin, span.begin + 1};
  for (int cpu = 0; cpu < schedule.cpus && !schedule.init.full(); ++cpu) {
    if (OneIn(random, 3)) continue;
    schedule.init.push_back({.kind = InitItem::Kind::kCached, .range = range, .cpu = MakeCpu(cpu)});
  }
  for (const OpKind kind : {OpKind::kUnshare, OpKind::kOtherMunmap}) {
    if (OneIn(random, 8) || schedule.program.full()) continue;
    schedule.program.insert(random.Below(static_cast<uint32_t>(schedule.program.size() + 1)),
                            MakeLine(PickCpu(schedule, random), kind, range, random));
  }
  if (OneIn(random, 3)) AddSwitch(schedule, random);
  return true;
}

bool Anew(Schedule& schedule, Random& random) {
  Generate(schedule, random);
  return true;
}

// A short program from nothing, around one to three things that few programs do: in a long one the
// few steps that tell hardly meet.
bool Around(Schedule& schedule, Random& random) {
  static constexpr bool (*kThings[])(Schedule&, Random&) = {
      AddReclaim, AddReclaim, AddProtection, AddProtection, AddContent,
      AddContent, AddSwitch,  AddExit,       AddRevoke,     AddSharing};
  GenerateShort(schedule, random);
  for (int things = SmallNumber(random, 3); things > 0; --things) {
    kThings[random.Below(std::size(kThings))](schedule, random);
  }
  return true;
}

bool Tiny(Schedule& schedule, Random& random) {
  GenerateTiny(schedule, random);
  return true;
}

bool OneEach(Schedule& schedule, Random& random) {
  GenerateOneEach(schedule, random);
  return true;
}

constexpr Mutation kMutations[] = {
    {"add-ops", 20, AddOps},
    {"drop-op", 4, DropOp},
    {"change-kind", 3, ChangeKind},
    {"change-range", 5, ChangeRange},
    {"overlap", 4, Overlap},
    {"copy-op", 3, CopyOp},
    {"move-op", 3, MoveOp},
    {"share-page", 4, SharePage},
    {"add-init", 2, AddInit},
    {"change-init", 4, ChangeInit},
    {"change-machine", 1, ChangeMachine},
    {"add-reclaim", 1, AddReclaim},
    {"add-protection", 2, AddProtection},
    {"add-switch", 1, AddSwitch},
    {"add-rollover", 1, AddRollover},
    {"add-exit", 1, AddExit},
    {"add-content", 1, AddContent},
    {"add-revoke", 1, AddRevoke},
    {"add-vma-locks", 1, AddVmaLocks},
    {"add-sharing", 1, AddSharing},
    {"anew", 16, Anew},
    {"around", 10, Around},
    {"tiny", 18, Tiny},
    {"one-each", 12, OneEach},
};

}  // namespace

std::span<const Mutation> ProgramMutations() { return kMutations; }

void GenerateSmall(Schedule& schedule, Random& random) {
  if (OneIn(random, 8)) {
    Around(schedule, random);
  } else if (OneIn(random, 6)) {
    GenerateRollover(schedule, random);
  } else {
    OneIn(random, 2) ? Tiny(schedule, random) : OneEach(schedule, random);
  }
}

}  // namespace gatherfuzz
