// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The arch/x86/mm/tlb.c of a kernel tree, as the CPU side of its protocol.
//
// The tree's variables of a CPU lie in a room on the stack while its code runs. World has those
// that live from call to call, and has the last word: a step writes the room there and reads it
// back. That no other variable has changed when a call is over is checked, so what World does not
// have does not exist. What an interrupt does is one step, as in the model.
#ifndef GATHERFUZZ_MODEL_LINUX_LINUX_CPU_H_
#define GATHERFUZZ_MODEL_LINUX_LINUX_CPU_H_

#include "model/kernel/cpu_code.h"
#include "model/linux/facade.h"

namespace gatherfuzz {

class LinuxCpu final : public CpuCode {
 public:
  // Of a tree that has a tlb.c for its architecture, or has none: then it is not used.
  explicit constexpr LinuxCpu(const gf_tree& tree) : tree_(tree) {}
  bool exists() const { return tree_.cpu_code != nullptr; }

  void SwitchMm(const Thread& t, MmId next) const override;
  void EnterLazyTlb(const Thread& t) const override;
  void LeaveMm(const Thread& t) const override;
  void FlushTlbMmRange(const Thread& t, const Invalidation& request) const override;
  void FlushTlbFunc(System& system, CpuId target, CpuId issuer) const override;
  bool ShouldDefer(const Thread& t) const override;
  void AddToBatch(const Thread& t, int page) const override;
  void FlushBatch(const Thread& t) const override;

  // flush_tlb_mm_range(), by address.
  void FlushRange(const Thread& t, unsigned long start, unsigned long end, unsigned stride_shift,
                  bool freed_tables) const;

 private:
  const gf_tree& tree_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_LINUX_LINUX_CPU_H_
