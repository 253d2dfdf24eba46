// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// kernel-assertion: a policy that asserts, as a kernel's own code may, that no other gather is live
// when one finishes.
#include <gtest/gtest.h>

#include "model/oracle/oracle.h"
#include "model/policies/policy.h"
#include "tests/support.h"

namespace gatherfuzz {
namespace {

class AssertsAlone final : public GatherProtocol {
 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) ReportAssertion(t.system, t.cpu, "WARN_ON(mm_tlb_flush_nested(mm))");
  }
};
const AssertsAlone kAssertsAlone{};
constexpr Policy kPolicy("test-asserts", "asserts that it is alone", "this test", kAssertsAlone);
const RegisterPolicy kRegistered(&kPolicy);

// Two calls on two pages, in that order.
Violation Ordered(const char* order) {
  const std::string text = std::string(R"(
      cpus 2
      init
        map 0..2 rw
        present 0..2
      cpu0
        dontneed 0..1
      cpu1
        dontneed 1..2
      order
        )") + order + "\n  rest\n";
  return Result(FromText(text).schedule, "test-asserts", "x86").violation;
}

TEST(KernelAssertion, HoldsWhereTheCodeSaysSo) {
  const Violation violation = Ordered("cpu0 until pte_unlock(0)\n  cpu1 until done");
  EXPECT_EQ(violation.kind, ViolationKind::kKernelAssertion);
  EXPECT_EQ(violation.cpu, 1);
  EXPECT_STREQ(violation.detail, "WARN_ON(mm_tlb_flush_nested(mm))");
}

TEST(KernelAssertion, NotWhereItsConditionDoesNotHold) {
  EXPECT_EQ(Ordered("cpu0 until done").kind, ViolationKind::kNone);
}

}  // namespace
}  // namespace gatherfuzz
