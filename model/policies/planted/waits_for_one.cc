// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// waits-for-one: finish waits for one of the gathers that were live, not for all: for that of the
// lowest CPU.
//
// Base: epoch-sync. Published: Z16, Z2 (one of several debts is paid, and all are struck out). To
// be seen: three CPUs, four constraints. Two gathers are live when a third finishes; one of them,
// of the higher CPU, has cleared a PTE that the third saw empty. The other ends, and the third
// returns before the first of the two has flushed.
#include "model/policies/planted/tickets.h"

namespace gatherfuzz {
namespace {

class WaitsForOne final : public WaitsForTickets {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    GatherProtocol::Gather(t, range);
    Take(t);
  }

 protected:
  void BeforeDec(const Thread& t) const override {
    const auto cpu = Index(t.cpu);
    UpdatePolicyState<Tickets>(t, Point::policy_rmw, [&](Tickets& all) {
      all.held[cpu] = 0;
      for (const uint16_t ticket : all.held) {
        if (all.waits_up_to[cpu] == 0) all.waits_up_to[cpu] = ticket;
      }
    });
  }
  void AfterDec(const Thread& t) const override {
    WaitInFinish(
        t,
        [](const World& world, int cpu) {
          const auto all = ReadPolicyState<Tickets>(world);
          const uint16_t awaited = all.waits_up_to[static_cast<size_t>(cpu)];
          return awaited == 0 || std::count(all.held.begin(), all.held.end(), awaited) == 0;
        },
        kPolicyAt);
    StopWaiting(t);
  }
};

const WaitsForOne kProtocol{};
constexpr Policy kPolicy("waits-for-one", "as epoch-sync, but waits for one of the others only",
                         "Z16, Z2", kProtocol,
                         {
                             .group = PolicyGroup::kPlanted,
                             .base = "epoch-sync",
                             .waits = true,
                             .recalls = false,
                         });
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
