// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// dec-before-flush: the count that the nested test reads is lowered before the flush.
//
// Base: full-mm, with a count of its own. Published: Z46, Z16 (a debt is struck out before it is
// paid). To be seen: two CPUs. One clears a PTE, finishes, lowers the count; the other then sees
// the PTE empty, finds itself alone, and returns before the invalidation of the first is delivered.
//
// On arm64 nothing is left to flush after the end of a VMA but what no other call can see: clean
// there.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

struct Count {
  uint8_t live;
};

class DecBeforeFlush final : public GatherProtocol {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    GatherProtocol::Gather(t, range);
    UpdatePolicyState<Count>(t, Point::policy_rmw, [](Count& count) { ++count.live; });
  }
  bool AtRest(const World& world) const override { return ReadPolicyState<Count>(world).live == 0; }

 protected:
  void Finishing(const Thread& t) const override {
    if (LoadPolicyState<Count>(t).live > 1) MakeFullMm(t.gather());
    UpdatePolicyState<Count>(t, Point::policy_rmw, [](Count& count) { --count.live; });
  }
};

const DecBeforeFlush kProtocol{};
constexpr Policy kPolicy("dec-before-flush", "as full-mm, but lowers its count before the flush",
                         "Z46, Z16", kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
