// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the variants of MADV_GUARD_INSTALL share: full-mm, and how to pay what others owe.
//
// Made up: no kernel does any of this; docs/suspicions.md says what for.
#ifndef GATHERFUZZ_MODEL_POLICIES_ZOO_GUARD_H_
#define GATHERFUZZ_MODEL_POLICIES_ZOO_GUARD_H_

#include "model/policies/policy.h"

namespace gatherfuzz {

// The finish of 5.2 to today (full_mm.cc).
class FullMmGuard : public GatherProtocol {
 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeWhole(t.gather());
  }

  static void MakeWhole(MmuGather& gather) {
    gather.fullmm = 1;
    ResetRange(gather);
    gather.freed_tables = 1;
  }

  // mm_tlb_flush_pending(): whether any gather is live, of whoever.
  static bool AnyPending(const Thread& t) { return LoadCount(t, Point::pending_read) > 0; }

  // flush_tlb_range(), of leaves, without a gather.
  void FlushRange(const Thread& t, PageRange range) const {
    MmuGather gather{};
    ResetRange(gather);
    AdjustRange(gather, range);
    gather.cleared_ptes = gather.cleared_pmds = 1;
    ArchFlush(t, gather);
  }
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_POLICIES_ZOO_GUARD_H_
