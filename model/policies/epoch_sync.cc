// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// epoch-sync: like sync-finish, but waits only for gathers that began before this finish.
//
// Each gather takes a ticket, and gives it up when its flush is complete. Then it waits until no
// ticket older than the newest one at that moment is out. Who waits holds no ticket, so no two wait
// for each other; newcomers have newer tickets, so they do not prolong the wait.
//
// Safe where a gather is opened under mmap_lock (6.1, 6.12). Where a madvise opens it before it
// takes the lock (7.1), this deadlocks: tests/explore/fair_lock_test.cc.
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

struct Tickets {
  uint16_t newest;
  std::array<uint16_t, kMaxCpus> held;         // by a live gather; 0 for none
  std::array<uint16_t, kMaxCpus> waits_up_to;  // of a finish that waits
};

bool OlderAreGone(const World& world, int cpu) {
  const auto all = ReadPolicyState<Tickets>(world);
  for (const uint16_t ticket : all.held) {
    if (ticket != 0 && ticket <= all.waits_up_to[cpu]) return false;
  }
  return true;
}

class EpochSync final : public GatherProtocol {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    GatherProtocol::Gather(t, range);
    const auto cpu = Index(t.cpu);
    UpdatePolicyState<Tickets>(t, Point::policy_rmw,
                               [&](Tickets& all) { all.held[cpu] = ++all.newest; });
  }
  // Of tickets counts who has one; of a wait, for whom it is.
  void Canonicalize(const World&, PolicyBytes& bytes) const override {
    RewritePolicyState<Tickets>(bytes, [](Tickets& all) {
      for (uint16_t& up_to : all.waits_up_to) {
        unsigned awaited = 0;
        for (int i = 0; i < kMaxCpus; ++i) {
          if (all.held[i] != 0 && all.held[i] <= up_to) awaited |= 1u << i;
        }
        up_to = static_cast<uint16_t>(awaited);
      }
      for (uint16_t& ticket : all.held) ticket = ticket != 0;
      all.newest = 0;
    });
  }
  bool AtRest(const World& world) const override {
    return ReadPolicyState<Tickets>(world).held == Tickets{}.held;
  }

 protected:
  void Finishing(const Thread&) const override {}
  void BeforeDec(const Thread& t) const override {
    const auto cpu = Index(t.cpu);
    UpdatePolicyState<Tickets>(t, Point::policy_rmw, [&](Tickets& all) {
      all.held[cpu] = 0;
      all.waits_up_to[cpu] = all.newest;
    });
  }
  void AfterDec(const Thread& t) const override {
    WaitInFinish(t, OlderAreGone, kPolicyAt);
    const auto cpu = Index(t.cpu);
    UpdatePolicyState<Tickets>(t, Point::policy_write,
                               [&](Tickets& all) { all.waits_up_to[cpu] = 0; });
  }
};

const EpochSync kProtocol{};
constexpr Policy kPolicy("epoch-sync",
                         "flushes its own range, waits for the gathers that began before",
                         "new here", kProtocol,
                         {.safe_on = "x86 arm64 riscv",
                          .waits = true,
                          .recalls = false,
                          .loads = {WhenLoaded::kNever, WhenLoaded::kAfterDec}});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
