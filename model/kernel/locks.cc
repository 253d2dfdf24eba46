// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/kernel/locks.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

#include "model/check.h"
#include "model/kernel/shared.h"
#include "model/kernel/vma_lock.h"
#include "model/machine/invalidation.h"
#include "model/machine/memory.h"

namespace gatherfuzz {
namespace {

// A reader passes those who wait to write only where nobody reads (down_read() steals the lock).
bool MayRead(const World& world, int) {
  const Mm& mm = world.mm;
  return mm.mmap_writer == 0 && (mm.mmap_readers == 0 || mm.mmap_queue == 0);
}
bool NoWriterNoReader(const World& world, int) {
  return world.mm.mmap_writer == 0 && world.mm.mmap_readers == 0;
}
bool TableUnlocked(const World& world, int frame) {
  return world.at(MakeFrame(frame)).lock_owner == 0;
}
uint8_t Owner(const Thread& t) { return static_cast<uint8_t>(Index(t.cpu) + 1); }

// What is seen with the lock that the step `point` takes or drops.
void Takes(const Thread& t, Point point, int lock) {
  if (!t.world().sc()) [[unlikely]]
    NoteLock(t.world(), t.cpu, lock, t.system.order(point));
}
void Drops(const Thread& t, Point point, int lock) {
  if (!t.world().sc()) [[unlikely]]
    NoteUnlock(t.world(), t.cpu, lock, t.system.order(point));
}
// A call goes on under mmap_lock, and no thread is in one without it (but see mmu_gather.cc).
void TakesMmap(const Thread& t, Point point) {
  if (t.world().sc()) [[likely]]
    return;
  Takes(t, point, kMmapLockId);
  NoteIdle(t.world(), t.cpu, false);
}

void HoldTable(const Thread& t, FrameId table) {
  t.world().at(table).lock_owner = Owner(t);
  ++t.world().mm.table_locks;
}

}  // namespace

namespace {

Point LockPointOf(const World& world, FrameId table) {
  return world.at(table).level == Level::kPte ? Point::pte_lock : Point::pmd_lock;
}
Point UnlockPointOf(const World& world, FrameId table) {
  return world.at(table).level == Level::kPte ? Point::pte_unlock : Point::pmd_unlock;
}

}  // namespace

void MmapReadLock(const Thread& t) {
  t.StepWhen(Point::mmap_read_lock, kNoPage, MayRead, 0);
  GATHERFUZZ_CHECK((t.world().mm.mmap_readers & CpuBit(t.cpu)) == 0);
  t.world().mm.mmap_readers |= CpuBit(t.cpu);
  TakesMmap(t, Point::mmap_read_lock);
}

void MmapReadUnlock(const Thread& t) {
  t.Step(Point::mmap_read_unlock);
  GATHERFUZZ_CHECK((t.world().mm.mmap_readers & CpuBit(t.cpu)) != 0);
  t.world().mm.mmap_readers &= static_cast<uint8_t>(~CpuBit(t.cpu));
  Drops(t, Point::mmap_read_unlock, kMmapLockId);
}

void MmapWriteLock(const Thread& t) {
  t.Step(Point::mmap_write_lock);
  Mm& mm = t.world().mm;
  Point taken = Point::mmap_write_lock;
  if (!NoWriterNoReader(t.world(), 0)) {
    taken = Point::mmap_write_wait;
    mm.mmap_queue |= CpuBit(t.cpu);
    t.StepWhen(Point::mmap_write_wait, kNoPage, NoWriterNoReader, 0);
    mm.mmap_queue &= static_cast<uint8_t>(~CpuBit(t.cpu));
  }
  GATHERFUZZ_CHECK(NoWriterNoReader(t.world(), 0));
  mm.mmap_writer = Owner(t);
  TakesMmap(t, taken);
}

void MmapWriteUnlock(const Thread& t) {
  t.Step(Point::mmap_write_unlock);
  GATHERFUZZ_CHECK(t.world().mm.mmap_writer == Owner(t));
  VmaEndWriteAll(t.world());
  t.world().mm.mmap_writer = 0;
  Drops(t, Point::mmap_write_unlock, kMmapLockId);
}

void MmapWriteDowngrade(const Thread& t) {
  t.Step(Point::mmap_write_downgrade);
  GATHERFUZZ_CHECK(t.world().mm.mmap_writer == Owner(t));
  VmaEndWriteAll(t.world());
  t.world().mm.mmap_writer = 0;
  t.world().mm.mmap_readers |= CpuBit(t.cpu);
  Drops(t, Point::mmap_write_downgrade, kMmapLockId);
}

void LockTable(const Thread& t, FrameId table, int page) {
  const Point point = LockPointOf(t.world(), table);
  t.StepWhen(point, page, TableUnlocked, Index(table));
  GATHERFUZZ_CHECK_IN_ORDER(t.system, t.world().at(table).lock_owner == 0);
  HoldTable(t, table);
  Takes(t, point, Index(table));
}

Pte LockTableAndLook(const Thread& t, FrameId table, int page) {
  World& world = t.world();
  if (world.sc()) [[likely]] {
    LockTable(t, table, page);
    return EntryOf(world, table, page);
  }
  const Point point = LockPointOf(world, table);
  const PendingLoad load{.at = LocationOf(world, table, page),
                         .lock = static_cast<int16_t>(Index(table))};
  const int old =
      t.system.steps->LoadStepWhen(CpuAgent(t.cpu), point, page, TableUnlocked, Index(table), load);
  GATHERFUZZ_CHECK_IN_ORDER(t.system, world.at(table).lock_owner == 0);
  HoldTable(t, table);
  const Pte seen = EntryIn(ValueAt(world, load.at, old).value);
  Takes(t, point, Index(table));
  // What it may take, it may take after the lock, which can only have shown it more.
  NoteLoad(world, ThreadOf(t.cpu), load.at, MemoryOrder::relaxed,
           std::min(old, OpenValues(world, ThreadOf(t.cpu), load.at)));
  return seen;
}

bool LockPteTable(const Thread& t, FrameId pmd_table, FrameId table, int page) {
  t.StepWhen(Point::pte_lock, page, TableUnlocked, Index(table));
  const Pte pmd = EntryOf(t.world(), pmd_table, page);
  if (!pmd.table() || pmd.frame != table) {
    SeesNewest(t, pmd_table, page);
    return false;
  }
  HoldTable(t, table);
  Takes(t, Point::pte_lock, Index(table));
  return true;
}

void UnlockTable(const Thread& t, FrameId table, int page) {
  const Point point = UnlockPointOf(t.world(), table);
  t.Step(point, page);
  GATHERFUZZ_CHECK_IN_ORDER(t.system, t.world().at(table).lock_owner == Owner(t));
  t.world().at(table).lock_owner = 0;
  --t.world().mm.table_locks;
  if (t.world().rcu != 0) [[unlikely]]
    MayLeaveReadSide(t.world(), t.cpu);
  Drops(t, point, Index(table));
}

bool TryTable(const Thread& t, FrameId table) {
  if (t.world().at(table).lock_owner != 0) return false;
  Takes(t, LockPointOf(t.world(), table), Index(table));
  return true;
}

void DropTried(const Thread& t, FrameId table) {
  Drops(t, UnlockPointOf(t.world(), table), Index(table));
}

int HolderOf(const World& world, Point point, int arg) {
  const Mm& mm = world.mm;
  if (point == Point::pte_lock || point == Point::pmd_lock) {
    return world.at(MakeFrame(arg)).lock_owner - 1;
  }
  if (point == Point::migration_entry_wait) return world.folio(MakeFrame(arg)).lock_owner - 1;
  if (point == Point::vma_write_wait) return VmaReader(world, arg);
  if (point == Point::rmap_unlink) {
    return mm.rmap_readers == 0 ? -1 : std::countr_zero(mm.rmap_readers);
  }
  if (point == Point::i_mmap_unlink) {
    const uint8_t readers = world.pfn_maps.readers;
    return readers == 0 ? -1 : std::countr_zero(readers);
  }
  if (point == Point::cpu_asid_lock) return world.switching.asids.lock_owner - 1;
  if (point == Point::i_mmap_lock_write) return world.i_mmap_writer - 1;
  if (point == Point::free_table || point == Point::tlb_remove_table_sync_one) {
    const auto grace = static_cast<uint8_t>(world.switching.at(MakeCpu(arg)).grace |
                                            world.callbacks.waits_for[static_cast<size_t>(arg)]);
    return grace == 0 ? -1 : std::countr_zero(grace);
  }
  if (point == Point::loaded_mm_wait) return arg;
  if (point == Point::global_asid_lock) return world.broadcast.lock_owner - 1;
  if (point != Point::mmap_read_lock && point != Point::mmap_write_wait) return -1;
  if (mm.mmap_writer != 0) return mm.mmap_writer - 1;
  const uint8_t others = point == Point::mmap_read_lock ? mm.mmap_queue : mm.mmap_readers;
  return others == 0 ? -1 : std::countr_zero(others);
}

namespace {

template <typename... Offsets>
constexpr uint64_t BytesAt(Offsets... offsets) {
  std::array<uint8_t, 8> bytes{};
  ((bytes[offsets] = 0xff), ...);
  return std::bit_cast<uint64_t>(bytes);
}
constexpr size_t kReaders = offsetof(Mm, mmap_readers) - offsetof(Mm, mmap_writer);
constexpr size_t kQueue = offsetof(Mm, mmap_queue) - offsetof(Mm, mmap_writer);
constexpr uint64_t kFree = BytesAt(size_t{0}, kReaders), kNobodyWrites = BytesAt(size_t{0}, kQueue);

}  // namespace

Waited WaitedFor(const World& world, Ready ready, int arg) {
  constexpr uint64_t kByte = BytesAt(0);
  if (ready == TableUnlocked) return {&world.at(MakeFrame(arg)).lock_owner, kByte, kByte};
  if (ready == InvalidationCompleted) {
    return {&world.at(MakeCpu(arg)).invalidation.undelivered, kByte, kByte};
  }
  if (ready == MayRead) return {&world.mm.mmap_writer, kFree, kNobodyWrites};
  if (ready == NoWriterNoReader) return {&world.mm.mmap_writer, kFree, kFree};
  return {};
}

}  // namespace gatherfuzz
