// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The CPU side of a kernel's own, in the place of switch_mm.h: what a protocol offers that is more
// than a gather (GatherProtocol::cpu_code). In use where CPUs switch or sleep, on an architecture
// whose flushes go by generations.
//
// What lives from call to call is in World (Switching, SwitchCpu), as of the modelled one; what is
// done to it are the same steps. Who switches and sleeps, what the hardware does and when
// interrupts are delivered stays the model's.
#ifndef GATHERFUZZ_MODEL_KERNEL_CPU_CODE_H_
#define GATHERFUZZ_MODEL_KERNEL_CPU_CODE_H_

#include "model/system.h"

namespace gatherfuzz {

class CpuCode {
 public:
  virtual ~CpuCode() = default;

  // switch_mm_irqs_off(). The step of that name has been made, and interrupts are off.
  virtual void SwitchMm(const Thread& t, MmId next) const = 0;
  // enter_lazy_tlb(). The step of that name has been made.
  virtual void EnterLazyTlb(const Thread& t) const = 0;
  // leave_mm(), with interrupts off.
  virtual void LeaveMm(const Thread& t) const = 0;
  // flush_tlb_mm_range(), of mm0; it waits by itself.
  virtual void FlushTlbMmRange(const Thread& t, const Invalidation& request) const = 0;
  // flush_tlb_func(), as an interrupt runs it on `target`: one step.
  virtual void FlushTlbFunc(System& system, CpuId target, CpuId issuer) const = 0;
  // arch_tlbbatch_should_defer(): no step.
  virtual bool ShouldDefer(const Thread& t) const = 0;
  // arch_tlbbatch_add_pending(), arch_tlbbatch_flush(), with the batch of the CPU.
  virtual void AddToBatch(const Thread& t, int page) const = 0;
  virtual void FlushBatch(const Thread& t) const = 0;
};

// The allocator of ASIDs of a kernel's own, of arm64 or riscv, in the place of asids.h
// (GatherProtocol::asid_code). In use where ASIDs are allocated. As above: World has its variables
// (Asids).
class AsidCode {
 public:
  virtual ~AsidCode() = default;

  // check_and_switch_context(), or riscv's switch_mm().
  virtual void CheckAndSwitchContext(const Thread& t, MmId next) const = 0;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_CPU_CODE_H_
