// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// saturating-count: the count stops at two, and is lowered from there.
//
// Base: full-mm. Published: Z2 (a bool in place of a counter), one step further. To be seen: three
// CPUs, four constraints. Three gathers are live at a time; one of them ends, which leaves a count
// of one; of the other two, one has cleared a PTE, and the other sees it empty and returns before
// it is flushed.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

struct Count {
  uint8_t live;
};

class SaturatingCount final : public GatherProtocol {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    GatherProtocol::Gather(t, range);
    UpdatePolicyState<Count>(t, Point::policy_rmw,
                             [](Count& count) { count.live += count.live < 2; });
  }
  bool AtRest(const World& world) const override { return ReadPolicyState<Count>(world).live == 0; }

 protected:
  void Finishing(const Thread& t) const override {
    if (LoadPolicyState<Count>(t).live > 1) MakeFullMm(t.gather());
  }
  void BeforeDec(const Thread& t) const override {
    UpdatePolicyState<Count>(t, Point::policy_rmw,
                             [](Count& count) { count.live -= count.live > 0; });
  }
};

const SaturatingCount kProtocol{};
constexpr Policy kPolicy("saturating-count", "as full-mm, with a count that stops at two", "Z2",
                         kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
