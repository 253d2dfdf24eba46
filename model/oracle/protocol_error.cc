// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// protocol-error: what was taken is given back, exactly once.
//
// A frame that is freed is in use, as what it is freed as, and nothing maps it; a table is empty;
// the pending count does not go below zero; and when all agents are done the count is zero, no lock
// is held, no gather is live, the policy's own state is at rest, every page that was removed has
// been freed and every table too.
#include <algorithm>

#include "model/kernel/mmu_gather.h"
#include "model/kernel/pfn_map.h"
#include "model/machine/frames.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

// Where frames have several references: whether each that is in use is mapped, or has none left but
// such as nobody gives back.
bool AllReferredTo(const World& world) {
  for (int i = 0; i < kFrames; ++i) {
    const Frame& frame = world.at(MakeFrame(i));
    if (frame.state != FrameState::kData || frame.mapped != 0) continue;
    if (IsOwnersFrame(world, MakeFrame(i))) continue;
    if (!world.folio(MakeFrame(i)).left_to_others()) return false;
  }
  return true;
}

// Frames of an owner that nothing maps: they are not for anybody else to free.
int FramesOfOwner(const World& world) {
  int frames = 0;
  for (int i = 0; world.pfn != 0 && i < kFrames; ++i) {
    frames += world.at(MakeFrame(i)).mapped == 0 && IsOwnersFrame(world, MakeFrame(i));
  }
  return frames;
}

const char* WhatIsLeft(const System& system) {
  const World& world = system.world;
  const Mm& mm = world.mm;
  if (mm.tlb_flush_pending != 0) return "tlb_flush_pending is not zero at the end";
  if (mm.mmap_writer != 0 || mm.mmap_readers != 0) return "mmap_lock is held at the end";
  if (mm.vma_locked != 0) return "a VMA is write-locked at the end";
  if (world.pfn_maps.readers != 0) return "i_mmap_rwsem is held at the end";
  if (world.i_mmap_writer != 0) return "the i_mmap lock is held at the end";
  if (mm.table_locks != 0) return "a page-table lock is held at the end";
  const bool mapped = world.decides != 0
                          ? AllReferredTo(world)
                          : mm.data_frames == mm.mapped_frames + FramesOfOwner(world);
  if (!mapped) return "a removed page was never freed";
  if (mm.table_frames != mm.linked_tables + 1) return "a removed table was never freed";
  for (int i = 0; i < world.cpu_count; ++i) {
    if (world.at(MakeCpu(i)).gather.live) return "a gather is live at the end";
    if (world.at(MakeCpu(i)).vma_read != 0) return "the lock of a VMA is held at the end";
  }
  if (!system.protocol->AtRest(world)) return "the policy's state is not at rest at the end";
  return nullptr;
}

// What is in a frame that is no table is none.
bool MapsSomething(const Frame& frame) {
  return std::any_of(frame.entries.begin(), frame.entries.end(),
                     [](Pte entry) { return !entry.none(); });
}

}  // namespace

void CheckGivenBack(System& system, CpuId cpu, FrameId frame, int page, FrameState expected) {
  const Frame& given = system.world.at(frame);
  const char* wrong = given.state == FrameState::kFree ? "freed twice"
                      : given.state != expected        ? "freed as what it is not"
                      : given.mapped                   ? "freed while mapped"
                      : given.lock_owner != 0          ? "freed while its lock is held"
                      : MapsSomething(given)           ? "a page table freed with a page in it"
                                                       : nullptr;
  if (wrong == nullptr) return;
  system.Report({.kind = ViolationKind::kProtocolError,
                 .page = page,
                 .frame = Index(frame),
                 .cpu = Index(cpu),
                 .detail = wrong});
}

void CheckPending(System& system, CpuId cpu) {
  if (system.world.mm.tlb_flush_pending != 0) return;
  system.Report({.kind = ViolationKind::kProtocolError,
                 .cpu = Index(cpu),
                 .detail = "tlb_flush_pending lowered below zero"});
}

void CheckRemovedTwice(System& system, CpuId cpu, int page) {
  system.Report({.kind = ViolationKind::kProtocolError,
                 .page = page,
                 .cpu = Index(cpu),
                 .detail = "removed twice"});
}

void CheckQueueFull(System& system, CpuId cpu, int page) {
  system.Report({.kind = ViolationKind::kProtocolError,
                 .page = page,
                 .cpu = Index(cpu),
                 .detail = "more queued than a batch holds"});
}

void CheckTableLeak(System& system, CpuId cpu, int page) {
  const Mm& mm = system.world.mm;
  if (mm.table_frames <= mm.linked_tables + 1 + UnlinkedTables(system.world)) return;
  system.Report({.kind = ViolationKind::kProtocolError,
                 .page = page,
                 .cpu = Index(cpu),
                 .detail = "a removed table was never freed"});
}

void CheckEnd(System& system) {
  const char* left = WhatIsLeft(system);
  if (left != nullptr) system.Report({.kind = ViolationKind::kProtocolError, .detail = left});
}

}  // namespace gatherfuzz
