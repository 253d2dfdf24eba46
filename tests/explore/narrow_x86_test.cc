// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// x86 where H3 has exceptions (docs/model.md): INVPCID of one address under PTI, and INVLPG with
// AMD's TCE, drop only the table pointers that were used for the address. Every policy that is safe
// on x86 is safe there too; three edits of a kernel that plain INVLPG hides are not.
#include <gtest/gtest.h>

#include <memory>

#include "explore/explore.h"
#include "harness/execution.h"
#include "model/arch/arch.h"
#include "model/kernel/mmu_gather.h"
#include "model/policies/policy.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

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

uint32_t KindsUnder(const char* program, const Policy& policy, HardwareKind hardware,
                    const char* arch = "x86") {
  Schedule schedule = FromText(program).schedule;
  schedule.hardware = hardware;
  const ExploreResult result = Explore(schedule, {.policy = &policy, .arch = FindArch(arch)});
  EXPECT_EQ(result.stopped, Stop::kNo);
  return result.kinds();
}

TEST(NarrowX86, IsSafeUnderEveryPolicyThatIsSafeOnX86) {
  for (const Policy* policy : Policies()) {
    if (!policy->SafeOn("x86")) continue;
    for (const char* program : kPrograms) {
      EXPECT_EQ(KindsUnder(program, *policy, HardwareKind::kTce), 0u) << policy->name() << "\n"
                                                                      << program;
    }
  }
}

TEST(NarrowX86, ShowsEditsThatPlainInvlpgHides) {
  for (const Level level : {Level::kPte, Level::kPmd}) {
    const ForgetsTables protocol(level);
    const Policy policy("forgets-tables", "records no address of a table", "a test", protocol);
    uint32_t wide = 0, kinds = 0;
    for (const char* program : kPrograms) {
      wide |= KindsUnder(program, policy, HardwareKind::kPlain);
      kinds |= KindsUnder(program, policy, HardwareKind::kTce);
    }
    EXPECT_EQ(wide, 0u);
    EXPECT_EQ(kinds, Bit(ViolationKind::kFreedTableCached)) << static_cast<int>(level);
  }
}

// The choice is of x86: on arm64 there is no such machine, and nothing is different.
TEST(NarrowX86, IsNoChoiceElsewhere) {
  Schedule schedule = FromText(kPrograms[2]).schedule;
  const Policy& policy = *FindPolicy("reset-range");
  const Arch& arch = *FindArch("arm64");
  const auto execution = std::make_unique<Execution>();
  const RunResult plain = execution->Execute(schedule, policy, arch);
  schedule.hardware = HardwareKind::kTce;
  const RunResult tce = execution->Execute(schedule, policy, arch);
  EXPECT_EQ(tce.trace_hash, plain.trace_hash);
  for (const char* program : kPrograms) {
    EXPECT_EQ(KindsUnder(program, policy, HardwareKind::kTce, "arm64"),
              KindsUnder(program, policy, HardwareKind::kPlain, "arm64"));
  }
}

}  // namespace
}  // namespace gatherfuzz
