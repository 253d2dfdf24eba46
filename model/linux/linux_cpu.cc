// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/linux/linux_cpu.h"

#include <algorithm>

#include "model/arch/drops.h"
#include "model/kernel/broadcast.h"
#include "model/linux/cpu_room.h"
#include "model/machine/invalidation.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {

static_assert(GF_MMS == kMms && GF_CPUS == kMaxCpus && GF_SLOTS == kSlots);
static_assert(GF_SWITCHING == Index(MmId::kSwitching));
static_assert(GF_INFO_WORDS == kFlushInfoWords);
static_assert(kGlobalSlot == GF_SLOTS);

namespace {

constexpr unsigned long kAll = ~0ul;  // TLB_FLUSH_ALL

unsigned long AddressOf(int page) { return static_cast<unsigned long>(page) << GF_PAGE_SHIFT; }

unsigned ShiftOf(Level stride) {
  return GF_PAGE_SHIFT + GF_LEVEL_SHIFT * static_cast<unsigned>(stride);
}

void NoteFlush(const Thread& t) { ++t.system.cost.invalidations; }

int PageOf(unsigned long address) {
  return static_cast<int>(std::min<unsigned long>(address >> GF_PAGE_SHIFT, kPages));
}

}  // namespace

Invalidation RequestFor(unsigned long start, unsigned long end, unsigned stride_shift) {
  if (end == kAll) return WholeInvalidation();
  const Level stride = stride_shift >= GF_PAGE_SHIFT + 2 * GF_LEVEL_SHIFT ? Level::kPud
                       : stride_shift >= GF_PAGE_SHIFT + GF_LEVEL_SHIFT   ? Level::kPmd
                                                                          : Level::kPte;
  return InvlpgRange(PageOf(start), PageOf(end + (1ul << GF_PAGE_SHIFT) - 1), stride);
}

gf_cpu_state StateOf(const SwitchCpu& cpu) {
  gf_cpu_state state{};
  state.loaded_mm = static_cast<unsigned char>(cpu.loaded_mm);
  state.loaded_slot = cpu.said_slot;
  state.next_slot = cpu.next_slot;
  state.is_lazy = cpu.is_lazy;
  for (size_t i = 0; i < kSlots; ++i) {
    state.slot_mm[i] = static_cast<unsigned char>(cpu.slots[i].mm);
    state.slot_generation[i] = cpu.slots[i].generation;
  }
  return state;
}

void CpuRoom::Load() {
  const gf_cpu_state state = StateOf(self());
  code.load(area.data(), &state);
}

void CpuRoom::Store() const {
  gf_cpu_state state{};
  code.store(area.data(), &state);
  SwitchCpu& to = self();
  to.loaded_mm = static_cast<MmId>(state.loaded_mm);
  to.said_slot = state.loaded_slot;
  to.next_slot = state.next_slot;
  to.is_lazy = state.is_lazy;
  if (system.world.invlpgb != 0) system.world.broadcast.at(cpu).loaded_asid = to.said_slot;
  for (size_t i = 0; i < kSlots; ++i) {
    to.slots[i] = {static_cast<MmId>(state.slot_mm[i]), 0, state.slot_generation[i]};
  }
}

CpuCall::CpuCall(System& system, CpuId cpu, const gf_cpu_code& code, bool quiet)
    : room_{system, cpu, code, quiet}, before_(current_cpu_room) {
  current_cpu_room = &room_;
  code.begin(room_.area.data());
  room_.Load();
}

CpuCall::~CpuCall() {
  room_.Store();
  if (room_.code.is_at_rest(room_.area.data()) == 0) {
    gf_assertion(
        "a call leaves a variable of its CPU otherwise than it was, which is not modelled");
  }
  current_cpu_room = before_;
}

void LinuxCpu::SwitchMm(const Thread& t, MmId next) const {
  CpuCall call(t.system, t.cpu, *tree_.cpu_code, false);
  call.room().rides = true;
  tree_.cpu_code->switch_mm(static_cast<unsigned>(Index(next)));
}

void LinuxCpu::EnterLazyTlb(const Thread& t) const {
  CpuCall call(t.system, t.cpu, *tree_.cpu_code, false);
  call.room().rides = true;
  tree_.cpu_code->enter_lazy();
}

void LinuxCpu::LeaveMm(const Thread& t) const {
  CpuCall call(t.system, t.cpu, *tree_.cpu_code, false);
  call.room().rides = true;
  tree_.cpu_code->leave();
}

void LinuxCpu::FlushRange(const Thread& t, unsigned long start, unsigned long end,
                          unsigned stride_shift, bool freed_tables) const {
  NoteFlush(t);
  bool broadcasts = false;
  {
    CpuCall call(t.system, t.cpu, *tree_.cpu_code, false);
    call.room().page = static_cast<int>(end == kAll ? 0 : start >> GF_PAGE_SHIFT);
    call.room().asked = RequestFor(start, end, stride_shift);
    tree_.cpu_code->flush_range(start, end, stride_shift, freed_tables);
    broadcasts = call.room().broadcasts;
  }
  // consider_global_asid(), the last that a flush by interrupts does.
  if (t.world().invlpgb != 0 && !broadcasts) ConsiderGlobalAsid(t);
}

void LinuxCpu::FlushTlbMmRange(const Thread& t, const Invalidation& request) const {
  const bool whole = request.whole != 0;
  FlushRange(t, whole ? 0 : AddressOf(request.start), whole ? kAll : AddressOf(request.end),
             ShiftOf(request.stride), request.freed_tables != 0);
}

void LinuxCpu::FlushTlbFunc(System& system, CpuId target, CpuId issuer) const {
  const Invalidation& request = system.world.at(issuer).invalidation;
  gf_info info{};
  const auto& words = system.world.switching.at(issuer).flush_info;
  for (size_t i = 0; i < words.size(); ++i) info.words[i] = words[i];
  info.new_generation = request.new_generation;
  const CpuCall call(system, target, *tree_.cpu_code, true);
  tree_.cpu_code->flush_func(&info);
}

bool LinuxCpu::ShouldDefer(const Thread& t) const {
  const CpuCall call(t.system, t.cpu, *tree_.cpu_code, true);
  return tree_.cpu_code->should_defer() != 0;
}

void LinuxCpu::AddToBatch(const Thread& t, int page) const {
  CpuCall call(t.system, t.cpu, *tree_.cpu_code, false);
  call.room().page = page;
  uint8_t& mask = t.world().switching.at(t.cpu).batch_mask;
  mask = static_cast<uint8_t>(tree_.cpu_code->batch_add(mask, AddressOf(page)));
}

void LinuxCpu::FlushBatch(const Thread& t) const {
  NoteFlush(t);
  CpuCall call(t.system, t.cpu, *tree_.cpu_code, false);
  call.room().page = 0;
  call.room().asked = WholeInvalidation();
  uint8_t& batch = t.world().switching.at(t.cpu).batch_mask;
  const uint8_t mask = batch;
  batch = 0;
  tree_.cpu_code->batch_flush(mask);
}

}  // namespace gatherfuzz
