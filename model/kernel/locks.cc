// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/kernel/locks.h"

#include <bit>

#include "model/check.h"
#include "model/kernel/page_table.h"

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

}  // namespace

void MmapReadLock(const Thread& t) {
  t.StepWhen(Point::mmap_read_lock, kNoPage, MayRead, 0);
  GATHERFUZZ_CHECK((t.world().mm.mmap_readers & CpuBit(t.cpu)) == 0);
  t.world().mm.mmap_readers |= CpuBit(t.cpu);
}

void MmapReadUnlock(const Thread& t) {
  t.Step(Point::mmap_read_unlock);
  GATHERFUZZ_CHECK((t.world().mm.mmap_readers & CpuBit(t.cpu)) != 0);
  t.world().mm.mmap_readers &= static_cast<uint8_t>(~CpuBit(t.cpu));
}

void MmapWriteLock(const Thread& t) {
  t.Step(Point::mmap_write_lock);
  Mm& mm = t.world().mm;
  if (!NoWriterNoReader(t.world(), 0)) {
    mm.mmap_queue |= CpuBit(t.cpu);
    t.StepWhen(Point::mmap_write_wait, kNoPage, NoWriterNoReader, 0);
    mm.mmap_queue &= static_cast<uint8_t>(~CpuBit(t.cpu));
  }
  GATHERFUZZ_CHECK(NoWriterNoReader(t.world(), 0));
  mm.mmap_writer = Owner(t);
}

void MmapWriteUnlock(const Thread& t) {
  t.Step(Point::mmap_write_unlock);
  GATHERFUZZ_CHECK(t.world().mm.mmap_writer == Owner(t));
  t.world().mm.mmap_writer = 0;
}

void MmapWriteDowngrade(const Thread& t) {
  t.Step(Point::mmap_write_downgrade);
  GATHERFUZZ_CHECK(t.world().mm.mmap_writer == Owner(t));
  t.world().mm.mmap_writer = 0;
  t.world().mm.mmap_readers |= CpuBit(t.cpu);
}

void LockTable(const Thread& t, FrameId table, int page) {
  const bool pte = t.world().at(table).level == Level::kPte;
  t.StepWhen(pte ? Point::pte_lock : Point::pmd_lock, page, TableUnlocked, Index(table));
  GATHERFUZZ_CHECK_IN_ORDER(t.system, t.world().at(table).lock_owner == 0);
  t.world().at(table).lock_owner = Owner(t);
  ++t.world().mm.table_locks;
}

bool LockPteTable(const Thread& t, FrameId pmd_table, FrameId table, int page) {
  t.StepWhen(Point::pte_lock, page, TableUnlocked, Index(table));
  const Pte pmd = EntryOf(t.world(), pmd_table, page);
  if (!pmd.table() || pmd.frame != table) return false;
  t.world().at(table).lock_owner = Owner(t);
  ++t.world().mm.table_locks;
  return true;
}

void UnlockTable(const Thread& t, FrameId table, int page) {
  const bool pte = t.world().at(table).level == Level::kPte;
  t.Step(pte ? Point::pte_unlock : Point::pmd_unlock, page);
  GATHERFUZZ_CHECK_IN_ORDER(t.system, t.world().at(table).lock_owner == Owner(t));
  t.world().at(table).lock_owner = 0;
  --t.world().mm.table_locks;
}

int HolderOf(const World& world, Point point, int arg) {
  const Mm& mm = world.mm;
  if (point == Point::pte_lock || point == Point::pmd_lock) {
    return world.at(MakeFrame(arg)).lock_owner - 1;
  }
  if (point == Point::rmap_unlink) {
    return mm.rmap_readers == 0 ? -1 : std::countr_zero(mm.rmap_readers);
  }
  if (point != Point::mmap_read_lock && point != Point::mmap_write_wait) return -1;
  if (mm.mmap_writer != 0) return mm.mmap_writer - 1;
  const uint8_t others = point == Point::mmap_read_lock ? mm.mmap_queue : mm.mmap_readers;
  return others == 0 ? -1 : std::countr_zero(others);
}

}  // namespace gatherfuzz
