// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// repaired: full-mm, with a repair for all that the model finds broken in kernels up to 7.1
// (docs/suspicions.md, docs/zoo.md). Under full-mm a search of 7.1 meets one of these, and then the
// next one; under this, whatever it meets is not known.
//
//   S1       guard asks whether a gather is live, or reclaim owes a flush, behind its walk
//   S3       mremap that does not unmap flushes the range if any gather is live
//   S8, S10  who is told of freed tables is told of unshared ones, also where the mm ends (z65)
//   S11      riscv drops what a rollover has queued before it loads an ASID that is used again
//   z48      of a table that dontneed frees, its first page is recorded
//   z59      reclaim's runs of PTEs differ in nothing but A and D
//   z61      a CPU that is told asks whether it is lazy before it asks for its global ASID
#include "model/policies/zoo/guard.h"

namespace gatherfuzz {
namespace {

class Repaired final : public FullMmGuard {
 public:
  UnmapBatching BatchesUnmaps() const override {
    return {.asks = UnmapBatching{}.asks | UnmapBatching::kGuard, .runs_by_write = true};
  }
  TableReclaim ReclaimsTables(KernelVersion) const override { return {}; }
  AsidAllocation AllocatesAsids() const override { return {.flushes_first = true}; }
  MmSwitching SwitchesMms() const override { return {.lazy_before_global = true}; }
  void GuardWalkEnds(const Thread& t, PageRange vma) const override {
    if (AnyPending(t)) FlushRange(t, vma);
  }
  void MovedWithoutUnmap(const Thread& t, PageRange range) const override {
    if (AnyPending(t)) FlushRange(t, range);
  }

 protected:
  void ArchFlush(const Thread& t, const MmuGather& gather) const override {
    MmuGather seen = gather;
    seen.freed_tables |= seen.unshared_tables;
    GatherProtocol::ArchFlush(t, seen);
  }
};

const Repaired kProtocol{};
constexpr Policy kPolicy("repaired", "as full-mm; what the zoo has of 6.17 and 7.1 is repaired",
                         "repairs of S1, S3, S8, S10, S11; Z48, Z59, Z61, mended", kProtocol,
                         {.group = PolicyGroup::kVariant,
                          .safe_on = "x86 arm64 riscv",
                          .safe_later = true,
                          .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
