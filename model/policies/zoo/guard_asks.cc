// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// guard-asks: full-mm, and MADV_GUARD_INSTALL, having put its markers, looks whether a gather is
// live, and flushes its range if so. A repair of S1 (docs/suspicions.md).
#include "model/policies/zoo/guard.h"

namespace gatherfuzz {
namespace {

class GuardAsks final : public FullMmGuard {
 public:
  void GuardWalkEnds(const Thread& t, PageRange vma) const override {
    if (AnyPending(t)) FlushRange(t, vma);
  }
};

const GuardAsks kProtocol{};
constexpr Policy kPolicy(
    "guard-asks", "as full-mm; guard flushes its range if any gather is live after its walk",
    "a repair of S1", kProtocol,
    {.group = PolicyGroup::kVariant, .safe_on = "x86 arm64", .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
