// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// late-ticket: a gather takes its ticket when it has cleared its first entry.
//
// Base: epoch-sync. Published: Z3 (the flag may be raised after the PTE is changed), and the open
// question of P11 in the thread of 2019. PTEs hide it: the ticket is taken under the lock that
// whoever sees the PTE empty has to take. An empty PMD is seen without a lock. To be seen: two
// CPUs, and a program: a huge leaf. The window is one step: between the clear of the leaf and the
// ticket the other sees the PMD empty, and finishes.
#include "model/policies/planted/tickets.h"

namespace gatherfuzz {
namespace {

class LateTicket final : public WaitsForTickets {
 public:
  void RemoveTlbEntry(const Thread& t, int page, Level level) const override {
    GatherProtocol::RemoveTlbEntry(t, page, level);
    if (ReadPolicyState<Tickets>(t.world()).held[Index(t.cpu)] == 0) Take(t);
  }

 protected:
  void BeforeDec(const Thread& t) const override {
    const auto cpu = Index(t.cpu);
    UpdatePolicyState<Tickets>(t, Point::policy_rmw, [&](Tickets& all) {
      all.held[cpu] = 0;
      all.waits_up_to[cpu] = all.newest;
    });
  }
};

const LateTicket kProtocol{};
constexpr Policy kPolicy("late-ticket", "as epoch-sync, with a ticket taken at the first clear",
                         "Z3", kProtocol,
                         {
                             .group = PolicyGroup::kPlanted,
                             .base = "epoch-sync",
                             .waits = true,
                             .recalls = false,
                         });
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
