// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// dec-before-delivery: the count that the nested test reads is lowered when finish has issued its
// invalidation, before that is delivered.
//
// Base: full-mm, with a count of its own. Published: Z18 (issued is taken for completed). To be
// seen: as dec-before-flush, in a window that is narrower by one step, and that closes with the
// delivery to the CPU that holds the entry.
//
// On arm64 nothing is left to flush after the end of a VMA but what no other call can see: clean
// there.
#include "model/arch/arch.h"
#include "model/machine/invalidation.h"
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

struct Count {
  uint8_t live;
};

class DecBeforeDelivery final : public GatherProtocol {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    GatherProtocol::Gather(t, range);
    UpdatePolicyState<Count>(t, Point::policy_rmw, [](Count& count) { ++count.live; });
  }
  bool AtRest(const World& world) const override { return ReadPolicyState<Count>(world).live == 0; }

 protected:
  void Finishing(const Thread& t) const override {
    if (LoadPolicyState<Count>(t).live > 1) MakeFullMm(t.gather());
    OwnNote(t) = 1;
  }
  void ArchFlush(const Thread& t, const MmuGather& gather) const override {
    Invalidation request{};
    if (!ArchRequest(t, gather, request)) return;
    IssueInvalidation(t, request);
    Lower(t);
    AwaitInvalidation(t);
  }
  void BeforeDec(const Thread& t) const override { Lower(t); }

 private:
  // Once in a finish, and not in a forced flush.
  static void Lower(const Thread& t) {
    if (OwnNote(t) == 0) return;
    OwnNote(t) = 0;
    UpdatePolicyState<Count>(t, Point::policy_rmw, [](Count& count) { --count.live; });
  }
};

const DecBeforeDelivery kProtocol{};
constexpr Policy kPolicy("dec-before-delivery",
                         "as full-mm, but lowers its count before its invalidation is delivered",
                         "Z18", kProtocol,
                         {
                             .group = PolicyGroup::kPlanted,
                             .base = "full-mm",
                             .peeks = true,
                             .recalls = false,
                         });
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
