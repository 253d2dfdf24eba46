// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// waits-for-elders: finish waits only for gathers that began before its own.
//
// Base: epoch-sync. Published: Z42 (a comparison of generations that lets a flush be skipped). To
// be seen: two CPUs, three constraints. The first begins; the second begins after it and clears a
// PTE; the first sees it empty, and returns before the second has flushed.
#include "model/policies/planted/tickets.h"

namespace gatherfuzz {
namespace {

class WaitsForElders final : public WaitsForTickets {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    GatherProtocol::Gather(t, range);
    Take(t);
  }

 protected:
  void BeforeDec(const Thread& t) const override {
    const auto cpu = Index(t.cpu);
    UpdatePolicyState<Tickets>(t, Point::policy_rmw, [&](Tickets& all) {
      all.waits_up_to[cpu] = static_cast<uint16_t>(all.held[cpu] - 1);
      all.held[cpu] = 0;
    });
  }
};

const WaitsForElders kProtocol{};
constexpr Policy kPolicy("waits-for-elders",
                         "as epoch-sync, but waits only for gathers older than its own", "Z42",
                         kProtocol,
                         {
                             .group = PolicyGroup::kPlanted,
                             .base = "epoch-sync",
                             .waits = true,
                             .recalls = false,
                         });
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
