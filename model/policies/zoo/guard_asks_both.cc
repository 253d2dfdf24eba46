// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// guard-asks-both: guard-asks and guard-asks-reclaim together. A repair of both parts of S1
// (docs/suspicions.md).
#include "model/policies/zoo/guard.h"

namespace gatherfuzz {
namespace {

class GuardAsksBoth final : public FullMmGuard {
 public:
  UnmapBatching BatchesUnmaps() const override {
    return {.asks = UnmapBatching{}.asks | UnmapBatching::kGuard};
  }
  void GuardWalkEnds(const Thread& t, PageRange vma) const override {
    if (AnyPending(t)) FlushRange(t, vma);
  }
};

const GuardAsksBoth kProtocol{};
constexpr Policy kPolicy(
    "guard-asks-both", "as full-mm; guard asks whether a gather is live or reclaim owes a flush",
    "a repair of S1", kProtocol,
    {.group = PolicyGroup::kVariant, .safe_on = "x86 arm64", .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
