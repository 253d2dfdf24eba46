// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/future.h"

#include <algorithm>

#include "model/kernel/zap.h"

namespace gatherfuzz {
namespace {

uint16_t BlocksOf(PageRange range) {
  unsigned blocks = 0;
  for (int page = range.begin; page < range.end; ++page) blocks |= 1u << page / kPagesPerPmd;
  return static_cast<uint16_t>(blocks);
}

constexpr Future kQueues{.does = Future::kLocksMmap | Future::kWritesMmap};

}  // namespace

void Future::Add(const Future& more) {
  accesses |= more.accesses;
  fills |= more.fills;
  zaps |= more.zaps;
  unmaps |= more.unmaps;
  does |= more.does;
  pte_locks = static_cast<uint16_t>(pte_locks | more.pte_locks);
}

Futures::Futures(const Schedule& schedule, bool waits, bool foreign)
    : waits_(waits), foreign_(foreign), kernel_(schedule.kernel) {
  for (const InitItem& item : schedule.init) {
    huge_ |= item.kind == InitItem::Kind::kMap && item.flags.huge;
  }
  for (const auto& [agent, op] : schedule.program) {
    if (Info(op.kind).is(effect::kMoves)) moves_.push_back(MaskOf(op.range) | MaskOf(MovesTo(op)));
  }
  for (const auto& [agent, op] : schedule.program) {
    huge_ |= Info(op.kind).is(effect::kMaps) && op.flags.huge;
    if (Info(op.kind).is(effect::kCleans)) cleans_ |= MaskOf(op.range);
    // Reclaim goes by D, which writes set, and so do calls that take the right to write away.
    constexpr unsigned kGoesByDirty = effect::kWrites | effect::kReclaims | effect::kProtects;
    if (Info(op.kind).is(kGoesByDirty)) writes_ |= MaskOf(op.range);
    protects_ |= Info(op.kind).is(effect::kProtects);
  }
  cleans_ = WithMoved(cleans_);
  writes_ = WithMoved(writes_);
  std::array<size_t, kMaxCpus> ops{}, fills{};
  for (const auto& [agent, op] : schedule.program) {
    const auto cpu = static_cast<size_t>(Index(CpuOf(agent)));
    if (KindOf(agent) == AgentKind::kCpu) {
      programs_[cpu].each[ops[cpu]++] = OfOp(op);
    } else {
      programs_[cpu].fills[fills[cpu]++].fills = MaskOf(op.range);
    }
  }
  for (size_t cpu = 0; cpu < kMaxCpus; ++cpu) {
    Program& program = programs_[cpu];
    for (size_t i = ops[cpu]; i-- > 0;) {
      program.all[i] = program.each[i];
      program.all[i].Add(program.all[i + 1]);
      // While others read, it may queue for the lock, and no more.
      if ((program.each[i].does & Future::kWritesMmap) != 0) {
        program.until_writer[i] = kQueues;
        continue;
      }
      program.until_writer[i] = program.each[i];
      program.until_writer[i].Add(program.until_writer[i + 1]);
    }
    for (size_t i = fills[cpu]; i-- > 0;) program.fills[i].Add(program.fills[i + 1]);
  }
}

// What is at one of these pages may be at these others as well, by then or before.
uint64_t Futures::WithMoved(uint64_t pages) const {
  for (uint64_t before = 0; before != pages;) {
    before = pages;
    for (const uint64_t moved : moves_) pages |= (pages & moved) != 0 ? moved : 0;
  }
  return pages;
}

Future Futures::OfOp(const Op& op) const {
  Future future = OfOpAlone(op);
  future.zaps = WithMoved(future.zaps);
  future.unmaps = WithMoved(future.unmaps);
  return future;
}

Future Futures::OfOpAlone(const Op& op) const {
  const OpInfo& info = Info(op.kind);
  Future future;
  if (info.lock != MmapLock::kNone) future.does |= Future::kLocksMmap;
  if (info.lock == MmapLock::kWrite) future.does |= Future::kWritesMmap;
  if (info.is(effect::kAccesses)) {
    future.accesses = MaskOf(op.range);
    future.pte_locks = BlocksOf(op.range);
    future.does |= Future::kTakesFrames;
  }
  if (info.is(effect::kUnmaps)) future.unmaps = MaskOf(op.range);
  if (info.is(effect::kGuards)) {  // it links tables as a fault does, and zaps as often as it takes
    future.accesses = MaskOf(op.range);
    future.does |= Future::kTakesFrames;
  }
  if (info.is(effect::kUnguards)) {
    future.zaps = MaskOf(op.range);
    future.pte_locks = BlocksOf(op.range);
  }
  if (info.is(effect::kReclaims)) {  // it frees what it has queued, and looks at upper entries
    future.zaps = MaskOf(op.range);
    future.pte_locks = BlocksOf(op.range);
    future.does |= Future::kFlushes;
    if (protects_) future.does |= Future::kAsks;  // about a page that is PROT_NONE
  }
  if (info.is(effect::kMoves)) {  // it links tables as a fault does, and takes others away
    const uint64_t both = MaskOf(op.range) | MaskOf(MovesTo(op));
    future.accesses = future.zaps = future.unmaps = both;
    future.pte_locks = static_cast<uint16_t>(BlocksOf(op.range) | BlocksOf(MovesTo(op)));
    future.does |= Future::kTakesFrames | Future::kBegins | Future::kGathers | Future::kAsks |
                   Future::kFlushes;
    return future;
  }
  if (MayReclaimTables(op, kernel_)) future.unmaps = MaskOf(op.range);
  if (!info.gathers()) return future;
  future.zaps = MaskOf(op.range);
  future.pte_locks = BlocksOf(op.range);
  future.does |= Future::kBegins | Future::kGathers | Future::kAsks | Future::kFlushes;
  if (huge_) future.does |= Future::kTakesFrames;  // for the table of a split
  return future;
}

// What is left of a call that has taken mmap_lock.
Future Futures::LeftOf(const Stepper& stepper, CpuId cpu, Future call, Point next) const {
  if (next == Point::mmap_read_unlock || next == Point::mmap_write_unlock ||
      next == Point::syscall_return) {
    return {.zaps = call.zaps};
  }
  call.does &= ~(Future::kLocksMmap | Future::kWritesMmap);
  // There is one gather for a whole munmap, and one for each VMA of another call. One that has
  // begun says where it ends.
  const World& world = stepper.world();
  const Op& op = stepper.OpInProgress(cpu);
  const int end = world.at(cpu).gather.caller_end;
  if (end == 0 || next == Point::pending_inc) return call;
  const bool last = Info(op.kind).is(effect::kUnmaps) ||
                    (world.mm.vma_pages & MaskOf({end, std::max(end, op.range.end)})) == 0;
  if (!last) return call;
  call.does &= ~Future::kBegins;
  const bool lowered = next == Point::pending_dec || world.at(cpu).gather.live == 0;
  if (lowered && !foreign_)
    return {.zaps = call.zaps, .does = Future::kGathers | (waits_ ? Future::kAsks : 0)};
  return call;
}

Future Futures::OfThread(const Stepper& stepper, CpuId cpu, bool read) const {
  if (!stepper.ThreadLeft(cpu)) return {};
  const Program& program = programs_[Index(cpu)];
  const auto at = static_cast<size_t>(stepper.OpIndex(cpu));
  const Point next = stepper.Next(ActionOf(CpuAgent(cpu))).point;
  if (read && next == Point::mmap_write_wait) return {};
  if (read && next == Point::mmap_write_lock) return kQueues;
  Future future = program.each[at];
  const bool locked = next != Point::mmap_read_lock && next != Point::mmap_write_lock &&
                      next != Point::mmap_write_wait && next != Point::vma_start_read;
  // From 6.17 on the gather of a madvise outlives its lock: all of it may come until it returns.
  const bool outlives = kernel_ >= KernelVersion::k6_17 &&
                        Info(stepper.OpInProgress(cpu).kind).lock == MmapLock::kRead;
  if (locked && future.accesses == 0 && !outlives) future = LeftOf(stepper, cpu, future, next);
  future.Add(read ? program.until_writer[at + 1] : program.all[at + 1]);
  return future;
}

Future Futures::OfWalker(const Stepper& stepper, CpuId cpu) const {
  if (!stepper.WalkerLeft(cpu)) return {};
  return programs_[Index(cpu)].fills[static_cast<size_t>(stepper.FillIndex(cpu))];
}

}  // namespace gatherfuzz
