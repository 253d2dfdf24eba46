// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// guard-gathers: full-mm, and MADV_GUARD_INSTALL has a gather of its own around each of its walks,
// which records nothing: the nested test of its finish decides. A repair of S1
// (docs/suspicions.md).
#include "model/policies/zoo/guard.h"

namespace gatherfuzz {
namespace {

class GuardGathers final : public FullMmGuard {
 public:
  void GuardWalkBegins(const Thread& t, PageRange vma) const override { Gather(t, vma); }
  void GuardWalkEnds(const Thread& t, PageRange) const override { Finish(t); }
};

const GuardGathers kProtocol{};
constexpr Policy kPolicy(
    "guard-gathers", "as full-mm; guard walks inside a gather that records nothing",
    "a repair of S1", kProtocol,
    {.group = PolicyGroup::kVariant, .safe_on = "x86 arm64", .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
