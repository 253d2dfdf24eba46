// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// guard-asks-new: as guard-asks, but a call that finds all its pages guarded already neither looks
// nor flushes, as if whoever guarded them had. No repair of S1 (docs/suspicions.md).
//
// It looks at the markers between two steps, before its walk, so orders are not left out (peeks).
#include "model/policies/planted/planted.h"
#include "model/policies/zoo/guard.h"

namespace gatherfuzz {
namespace {

bool AllGuarded(const World& world, PageRange vma) {
  for (int page = vma.begin; page < vma.end; ++page) {
    if (!LastEntry(world, page).guard()) return false;
  }
  return true;
}

class GuardAsksNew final : public FullMmGuard {
 public:
  void GuardWalkBegins(const Thread& t, PageRange vma) const override {
    OwnNote(t) = AllGuarded(t.world(), vma);
  }
  void GuardWalkEnds(const Thread& t, PageRange vma) const override {
    const bool nothing_new = OwnNote(t) != 0;
    OwnNote(t) = 0;
    if (!nothing_new && AnyPending(t)) FlushRange(t, vma);
  }
};

const GuardAsksNew kProtocol{};
constexpr Policy kPolicy("guard-asks-new",
                         "as guard-asks, but not where all pages are guarded already",
                         "no repair of S1", kProtocol,
                         {.group = PolicyGroup::kVariant, .base = "full-mm", .peeks = true});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
