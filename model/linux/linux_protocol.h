// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A kernel tree's own gather as the protocol under test: policies `linux` and `linux@NAME`, which
// the build registers for each tree it is told of (CMakeLists.txt in this folder).
//
// The verbs are those of the tree, compiled for the architecture of the run. What stands in for the
// rest of the kernel is in shim/, sorted by fidelity. docs/kernel-tree.md is for who uses it.
//
// What the tree's accesses of shared variables order is what their call sites say, barriers beside
// them included; the steps of the model's own paths have the orders of model/orders.def. A barrier
// is done with the step before it, a DSB before a TLBI with that TLBI's (room.h).
#ifndef GATHERFUZZ_MODEL_LINUX_LINUX_PROTOCOL_H_
#define GATHERFUZZ_MODEL_LINUX_LINUX_PROTOCOL_H_

#include "model/kernel/mmu_gather.h"
#include "model/linux/facade.h"
#include "model/linux/linux_asids.h"
#include "model/linux/linux_cpu.h"

namespace gatherfuzz {

class LinuxProtocol final : public GatherProtocol {
 public:
  // One tree, built for these architectures, and for riscv unless that is null.
  constexpr LinuxProtocol(const gf_tree& x86, const gf_tree& arm64, const gf_tree* riscv = nullptr)
      : x86_(x86), arm64_(arm64), riscv_(riscv), cpu_(x86), asids_(&arm64), riscv_asids_(riscv) {}

  void Run(const Thread& t, const Op& op, Path path) const override;
  void Gather(const Thread& t, PageRange range) const override;
  void GatherFullmm(const Thread& t) const override;
  void StartVma(const Thread& t, PageRange range) const override;
  void RemoveTlbEntry(const Thread& t, int page, Level level) const override;
  bool RemovePage(const Thread& t, FrameId frame, int page, Level level) const override;
  void RemoveTable(const Thread& t, FrameId table, int page, Level level) const override;
  void UnshareTable(const Thread& t, FrameId table, int page) const override;
  void FlushUnsharedTables(const Thread& t) const override;
  void EndVma(const Thread& t) const override;
  void FreeVmas(const Thread& t) const override;
  void FlushTlbOnly(const Thread& t) const override;
  void Flush(const Thread& t) const override;
  void Finish(const Thread& t) const override;
  void FlushAllowed(const Thread& t, int page, Level level) const override;
  void FlushSpurious(const Thread& t, int page, Level level) const override;
  const CpuCode* cpu_code(const System& system) const override;
  const AsidCode* asid_code(const System& system) const override;

 protected:
  void Finishing(const Thread&) const override {}  // the tree's own

 private:
  // Begins a gather that its caller announces for `range`; the tree is told [start, end).
  void Begin(const Thread& t, PageRange range, unsigned long start, unsigned long end) const;

  const gf_tree& x86_;
  const gf_tree& arm64_;
  const gf_tree* riscv_;
  LinuxCpu cpu_;
  LinuxAsids asids_, riscv_asids_;
};

// Where a tree's code loads what others change (PolicyTraits::loads). It has no bytes of its own.
inline constexpr PolicyLoads kTreeLoads{WhenLoaded::kAnytime, WhenLoaded::kNever};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_LINUX_LINUX_PROTOCOL_H_
