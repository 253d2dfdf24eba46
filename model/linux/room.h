// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What the code of a kernel keeps from step to step: its struct mmu_gather, and the pages it
// allocates for batches.
//
// It lies on the stack of the system call (GatherProtocol::Run), as in a kernel, so that going back
// in an exploration puts it back with the stack. It is a function of what the thread has read since
// the call began, which exploration hashes. World has a copy of what the oracle, reports and
// features look at (the thread's MmuGather), brought up to date before each step.
#ifndef GATHERFUZZ_MODEL_LINUX_ROOM_H_
#define GATHERFUZZ_MODEL_LINUX_ROOM_H_

#include <array>
#include <cstddef>
#include <optional>

#include "model/linux/facade.h"
#include "model/linux/tlbi.h"
#include "model/system.h"

namespace gatherfuzz {

// The geometry of batches, by the schedule's `batch` (1 to kMaxBatch), which therefore also says
// which allocations fail. As in the model, `batch` pages fill a gather, whatever they lie in.
struct Geometry {
  uint8_t bundle;       // pages in the gather itself
  uint8_t page_batch;   // in each page more
  uint8_t pages;        // so many more can be allocated
  uint8_t refused;      // but this allocation of them fails, counted from 1; 0: none does
  uint8_t table_batch;  // tables in a page; 0: it cannot be allocated, tables go one by one
};
inline constexpr int kAllTables = kMaxTables + 1;  // never full
inline constexpr std::array<Geometry, kMaxBatch + 1> kGeometry = {{
    {},
    {1, 0, 0, 0, 0},
    {1, 1, 2, 2, 2},  // after the first flush, there is another page
    {1, 1, 2, 0, kAllTables},
    {4, 0, 0, 0, kAllTables},  // the default, and what the model's own gather has
    {1, 4, 1, 0, 0},
    {2, 4, 1, 0, 2},
    {3, 4, 1, 0, 0},
    {4, 2, 2, 0, kAllTables},
}};
inline constexpr int kMaxBatchPages = 2;

// A page for a batch. Whatever is not in use is garbage, always the same.
template <size_t kBytes>
struct BatchPage {
  bool taken = false;
  alignas(16) std::array<std::byte, kBytes> bytes;

  unsigned long address() const { return reinterpret_cast<unsigned long>(bytes.data()); }
  unsigned long Take() {
    taken = true;
    bytes.fill(std::byte{0xff});
    return address();
  }
  void Give() {
    taken = false;
    bytes.fill(std::byte{0xff});
  }
};

// riscv: the fences that are to be executed on some CPUs, as one request.
struct FenceBatch {
  Invalidation request{};
  uint8_t last = 0;  // page that was named last
  bool any = false;
  bool of_all = false;  // of any ASID, where they are allocated

  void Add(int page);
  void AddAll();
  Invalidation Take();  // hands the request over, and begins anew
};

struct Room {
  const Thread* thread;
  const gf_tree* tree;
  Geometry geometry;
  TlbiBatch tlbi, local;  // those of this CPU alone
  FenceBatch sfences;
  unsigned long mm_cpus = 0;
  // Of a DSB behind which nothing was done yet: what it orders belongs to the step of the TLBI that
  // follows, if one does.
  MemoryOrder dsb = MemoryOrder::relaxed;
  std::optional<Point> last;  // the step that this verb's code made last; a barrier belongs to it
  uint8_t fences = 0;       // barriers before the first, by MemoryOrder, as bits: they belong to it
  bool hands_over = false;  // it is in call_rcu()
  bool unshares = false;    // it is in tlb_flush_unshared_tables()
  enum class For : uint8_t { kNothing, kPageBatch, kTableBatch } allocates = For::kNothing;
  // More than any batch is told to hold, for code that counts wrong.
  alignas(16) std::array<std::byte, GF_GATHER_BYTES> gather;
  std::array<BatchPage<16 + sizeof(void*) * (2 * kMaxBatch + 2)>, kMaxBatchPages> page_batches;
  uint8_t page_batches_asked = 0;
  BatchPage<32 + sizeof(void*) * (kMaxTables + 4)> table_batch;

  bool HasBatches() const;

  // The code is about to make that step; or none any more.
  void Makes(std::optional<Point> point);
  // Makes the step of what was issued and not waited for, and lets the DSB before it count.
  void IssueLeftOver();
  // Executes the fences on the CPUs of that mask.
  void IssueFences(uint8_t targets, bool wait);
  // smp_rmb(), smp_wmb(), smp_mb(): acquire, release, full.
  void Fence(MemoryOrder order);
  // Whether a barrier that stands here counts: the schedule may take away what its step orders.
  bool Counts(MemoryOrder order);

  // Copies the gather's fields to World.
  void Mirror();
};

// The room of the thread that runs kernel code on this OS thread. Set before a call into that code,
// and again after each step, in which other threads may have run.
extern thread_local constinit Room* current_room;

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_LINUX_ROOM_H_
