// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// bool-count: a flag for "a gather is live" in place of the count, and one for "two are".
//
// Base: full-mm. Published: Z2 (tlb_flush_pending was a bool, and the first to finish set it to
// false for all). To be seen: three gathers, on three CPUs or two. The first is live when the
// second begins and ends; so the third, which begins after that, finds no other. The third sees a
// PTE empty that the first has cleared, or the first one that the third has, and returns before the
// other has flushed.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

struct Flags {
  uint8_t live, nested;
};

class BoolCount final : public GatherProtocol {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    GatherProtocol::Gather(t, range);
    UpdatePolicyState<Flags>(t, Point::policy_rmw, [](Flags& flags) {
      flags.nested |= flags.live;
      flags.live = 1;
    });
  }
  bool AtRest(const World& world) const override { return ReadPolicyState<Flags>(world).live == 0; }

 protected:
  void Finishing(const Thread& t) const override {
    if (LoadPolicyState<Flags>(t).nested) MakeFullMm(t.gather());
  }
  void BeforeDec(const Thread& t) const override {
    UpdatePolicyState<Flags>(t, Point::policy_write, [](Flags& flags) { flags = {}; });
  }
};

const BoolCount kProtocol{};
constexpr Policy kPolicy("bool-count", "as full-mm, with a bool in place of the count", "Z2",
                         kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
