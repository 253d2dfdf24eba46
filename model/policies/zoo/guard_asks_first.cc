// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// guard-asks-first: as guard-asks, but it looks before its walk, as if the answer then held for
// what it sees later. No repair of S1 (docs/suspicions.md).
#include "model/policies/zoo/guard.h"

namespace gatherfuzz {
namespace {

class GuardAsksFirst final : public FullMmGuard {
 public:
  void GuardWalkBegins(const Thread& t, PageRange vma) const override {
    if (AnyPending(t)) FlushRange(t, vma);
  }
};

const GuardAsksFirst kProtocol{};
constexpr Policy kPolicy(
    "guard-asks-first", "as full-mm; guard flushes its range if any gather is live before its walk",
    "no repair of S1", kProtocol, {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
