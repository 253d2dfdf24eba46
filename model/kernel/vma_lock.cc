// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/kernel/vma_lock.h"

#include "model/check.h"
#include "model/kernel/page_table.h"

namespace gatherfuzz {
namespace {

PageRange VmaOf(const Mm& mm, int page) { return VmaAround(mm, page, {0, kPages}); }

bool NoReader(const World& world, int first) { return VmaReader(world, first) < 0; }

}  // namespace

int VmaReader(const World& world, int first) {
  for (int cpu = 0; cpu < world.cpu_count; ++cpu) {
    if (world.at(MakeCpu(cpu)).vma_read == first + 1) return cpu;
  }
  return -1;
}

bool VmaStartRead(const Thread& t, PageRange range) {
  if (!HasVmaLocks(t.system.kernel)) [[likely]]
    return false;
  t.Step(Point::vma_start_read, range.begin);
  const Mm& mm = t.world().mm;
  const PageRange vma = VmaOf(mm, range.begin);
  const bool in_one = !vma.empty() && range.end <= vma.end;
  if (!in_one || (mm.vma_locked & PageBit(range.begin)) != 0) return false;
  GATHERFUZZ_CHECK(t.self().vma_read == 0);
  t.self().vma_read = static_cast<uint8_t>(vma.begin + 1);
  return true;
}

void VmaEndRead(const Thread& t, int page) {
  t.Step(Point::vma_end_read, page);
  GATHERFUZZ_CHECK(t.self().vma_read == VmaOf(t.world().mm, page).begin + 1);
  t.self().vma_read = 0;
}

void VmaStartWrite(const Thread& t, int page) {
  if (!HasVmaLocks(t.system.kernel)) [[likely]]
    return;
  Mm& mm = t.world().mm;
  GATHERFUZZ_CHECK(mm.mmap_writer == Index(t.cpu) + 1);
  const PageRange vma = VmaOf(mm, page);
  if ((mm.vma_locked & PageBit(vma.begin)) != 0) return;  // __is_vma_write_locked()
  t.Step(Point::vma_start_write, vma.begin);
  mm.vma_locked |= MaskOf(vma);
  if (!NoReader(t.world(), vma.begin)) {
    t.StepWhen(Point::vma_write_wait, vma.begin, NoReader, vma.begin);
  }
}

void VmaStartWriteNew(const Thread& t, PageRange vma) {
  if (HasVmaLocks(t.system.kernel)) t.world().mm.vma_locked |= MaskOf(vma);
}

}  // namespace gatherfuzz
