// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// x86 where H3 has exceptions (docs/model.md): INVPCID of one address under PTI, and INVLPG with
// AMD's TCE, drop only the table pointers that were used for the address. Every policy that is safe
// on x86 is safe there too; three edits of a kernel that plain INVLPG hides are not.
#include <gtest/gtest.h>

#include "explore/explore.h"
#include "model/arch/arch.h"
#include "model/kernel/mmu_gather.h"
#include "model/policies/policy.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

// x86, with flushes by address that drop what lies on the way to the address and no more.
class NarrowX86 final : public Arch {
 public:
  NarrowX86() : Arch("x86-narrow", "x86 with TCE"), x86_(*FindArch("x86")) {}
  bool TlbFlush(const MmuGather& gather, Invalidation& request) const override {
    const bool issued = x86_.TlbFlush(gather, request);
    if (!issued || request.whole) return issued;
    request.pte_tables = 0;
    request.pmd_tables = 0;
    for (int page = request.start; page < request.end; page += PagesAt(request.stride)) {
      request.pte_tables |= static_cast<uint16_t>(1u << page / kPagesPerPmd);
      request.pmd_tables |= static_cast<uint8_t>(1u << page / kPagesPerPud);
    }
    return true;
  }
  Invalidation FlushPmdRange(PageRange range) const override { return x86_.FlushPmdRange(range); }
  bool merges_vmas() const override { return x86_.merges_vmas(); }

 private:
  const Arch& x86_;
};

// full-mm where pte_free_tlb() does not record the address of the table (tlb_flush_pmd_range()
// dropped), or pmd_free_tlb() does not (tlb_flush_pud_range()).
class ForgetsTables final : public GatherProtocol {
 public:
  explicit ForgetsTables(Level level) : level_(level) {}
  void RemoveTable(const Thread& t, FrameId table, int page, Level level) const override {
    const MmuGather before = t.gather();
    GatherProtocol::RemoveTable(t, table, page, level);
    if (level != level_) return;
    MmuGather& gather = t.gather();
    gather.start = before.start;
    gather.end = before.end;
    gather.cleared_pmds = before.cleared_pmds;
    gather.cleared_puds = before.cleared_puds;
  }

 protected:
  void Finishing(const Thread& t) const override {
    if (!FlushNested(t)) return;
    t.gather().fullmm = 1;
    ResetRange(t.gather());
    t.gather().freed_tables = 1;
  }

 private:
  const Level level_;
};

// Tables that are cached, and go without a PTE that is flushed on the way to them: a PTE table that
// an earlier dontneed has emptied, a PMD table in which nothing is left; and a race for a table.
constexpr const char* kPrograms[] = {
    "cpus 2\n init\n map 4..5 rw\n present 4..5\n cached cpu1 4..5\n"
    "cpu0\n dontneed 4..5\n munmap 4..5\n walk1\n fill 4\n",
    "cpus 2\n init\n map 0..1 rw\n map 8..9 rw\n map 16..17 rw\n present 0..1\n present 16..17\n"
    " cached cpu1 0..1\n cpu0\n munmap 0..1\n munmap 8..17\n walk1\n fill 8\n",
    "cpus 2\n init\n map 0..2 rw\n map 16..17 rw\n present 0..2\n cached cpu1 0..2\n"
    "cpu0\n munmap 0..2\n cpu1\n dontneed 16..17\n walk1\n fill 1\n"};

uint32_t KindsUnder(const char* program, const Policy& policy, const Arch& arch) {
  const Schedule schedule = FromText(program).schedule;
  const ExploreResult result = Explore(schedule, {.policy = &policy, .arch = &arch});
  EXPECT_EQ(result.stopped, Stop::kNo);
  return result.kinds();
}

TEST(NarrowX86, IsSafeUnderEveryPolicyThatIsSafeOnX86) {
  const NarrowX86 narrow;
  for (const Policy* policy : Policies()) {
    // reset-range and full-mm-leaf lose freed_tables, which the wide rule makes up for.
    if (!policy->SafeOn("x86") || !policy->SafeOn("arm64")) continue;
    for (const char* program : kPrograms) {
      EXPECT_EQ(KindsUnder(program, *policy, narrow), 0u) << policy->name() << "\n" << program;
    }
  }
}

TEST(NarrowX86, ShowsEditsThatPlainInvlpgHides) {
  const NarrowX86 narrow;
  for (const Level level : {Level::kPte, Level::kPmd}) {
    const ForgetsTables protocol(level);
    const Policy policy("forgets-tables", "records no address of a table", "a test", protocol);
    uint32_t wide = 0, kinds = 0;
    for (const char* program : kPrograms) {
      wide |= KindsUnder(program, policy, *FindArch("x86"));
      kinds |= KindsUnder(program, policy, narrow);
    }
    EXPECT_EQ(wide, 0u);
    EXPECT_EQ(kinds, Bit(ViolationKind::kFreedTableCached)) << static_cast<int>(level);
  }
}

}  // namespace
}  // namespace gatherfuzz
