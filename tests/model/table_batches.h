// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a kernel tree is compared with, step by step: the model's own gather, with the batches of
// tables that a tree is given (model/linux/room.h).
//
// It differs from the model's in one place. There, memory for queued tables never runs out; here,
// as in tlb_remove_table() of 6.1 and 6.12, a table for which there is no batch is freed at once,
// behind a flush of the TLB, and so are the tables of a batch that is full.
#ifndef GATHERFUZZ_TESTS_MODEL_TABLE_BATCHES_H_
#define GATHERFUZZ_TESTS_MODEL_TABLE_BATCHES_H_

#include "model/kernel/mmu_gather.h"
#include "model/linux/room.h"

namespace gatherfuzz {

// What finish does when another gather is live. But for the first, edits of a tree that break it.
enum class Nested : uint8_t {
  kFullMm,    // full-mm
  kNothing,   // the test of nesting is never true
  kNoTables,  // full-mm without `freed_tables = 1`
  kNoFullMm,  // full-mm without `fullmm = 1`
};

class TableBatches final : public GatherProtocol {
 public:
  // With `lone_by_rcu`, a table without a batch goes to call_rcu() (CONFIG_PT_RECLAIM, since 6.14).
  constexpr TableBatches(Nested nested, bool limited, bool lone_by_rcu)
      : nested_(nested), limited_(limited), lone_by_rcu_(lone_by_rcu) {}

  void RemoveTable(const Thread& t, FrameId table, int page, Level level) const override {
    GatherProtocol::RemoveTable(t, table, page, level);
    const int batch = kGeometry[t.world().mm.batch].table_batch;
    if (limited_ && t.gather().table_count >= (batch == 0 ? 1 : batch)) {
      FlushTlbOnly(t);
      batch == 0 && !lone_by_rcu_ ? FreeTheTable(t) : FreeTables(t);
    }
  }

 protected:
  void Finishing(const Thread& t) const override {
    if (!FlushNested(t) || nested_ == Nested::kNothing) return;
    if (nested_ != Nested::kNoFullMm) t.gather().fullmm = 1;
    ResetRange(t.gather());
    if (nested_ != Nested::kNoTables) t.gather().freed_tables = 1;
  }

 private:
  // tlb_remove_table_one(): behind an IPI in the place of RCU, or synchronize_rcu() (7.1).
  static void FreeTheTable(const Thread& t) {
    if (t.world().switches != 0) BeginGrace(t);
    FreeTable(t, t.gather().tables[0]);
    t.gather().tables[0] = Queued{};
    t.gather().table_count = 0;
  }

  Nested nested_;
  bool limited_, lone_by_rcu_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TESTS_MODEL_TABLE_BATCHES_H_
