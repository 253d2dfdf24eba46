// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What is planted in epoch-sync: gathers take tickets, and a finish that has flushed its own range
// gives its own up and waits until no ticket up to some number is out. When a ticket is taken, and
// up to which number a finish waits, is what the defects change.
#ifndef GATHERFUZZ_MODEL_POLICIES_PLANTED_TICKETS_H_
#define GATHERFUZZ_MODEL_POLICIES_PLANTED_TICKETS_H_

#include <algorithm>

#include "model/policies/planted/planted.h"

namespace gatherfuzz {

struct Tickets {
  uint16_t newest;
  std::array<uint16_t, kMaxCpus> held;         // by a live gather; 0 for none
  std::array<uint16_t, kMaxCpus> waits_up_to;  // of a finish that waits
};

// Nobody holds a ticket that the finish on `cpu` waits for.
inline bool AllAreGone(const World& world, int cpu) {
  const auto all = ReadPolicyState<Tickets>(world);
  const auto index = static_cast<size_t>(cpu);
  return std::none_of(all.held.begin(), all.held.end(), [&](uint16_t ticket) {
    return ticket != 0 && ticket <= all.waits_up_to[index];
  });
}

class WaitsForTickets : public GatherProtocol {
 public:
  // The order of tickets, and of a wait what it is for: a ticket, or all up to one.
  void Canonicalize(const World&, PolicyBytes& bytes) const override {
    RewritePolicyState<Tickets>(bytes, [](Tickets& all) {
      const Tickets numbered = all;
      const auto count = [&](auto which) {
        return static_cast<unsigned>(
            std::count_if(numbered.held.begin(), numbered.held.end(), which));
      };
      for (size_t i = 0; i < all.held.size(); ++i) {
        const uint16_t ticket = numbered.held[i], up_to = numbered.waits_up_to[i];
        const auto until = [](uint16_t last) {
          return [last](uint16_t other) { return other != 0 && other <= last; };
        };
        const unsigned same = count([&](uint16_t other) { return other != 0 && other == up_to; });
        all.held[i] = static_cast<uint16_t>(count(until(ticket)));
        all.waits_up_to[i] = static_cast<uint16_t>(count(until(up_to)) << 1 | same);
      }
      all.newest = 0;
    });
  }
  bool AtRest(const World& world) const override {
    return ReadPolicyState<Tickets>(world).held == Tickets{}.held;
  }

 protected:
  void Finishing(const Thread&) const override {}
  void AfterDec(const Thread& t) const override {
    WaitInFinish(t, AllAreGone, kPolicyAt);
    StopWaiting(t);
  }

  static void Take(const Thread& t) {
    UpdatePolicyState<Tickets>(t, Point::policy_rmw,
                               [&](Tickets& all) { all.held[Index(t.cpu)] = ++all.newest; });
  }
  static void StopWaiting(const Thread& t) {
    UpdatePolicyState<Tickets>(t, Point::policy_write,
                               [&](Tickets& all) { all.waits_up_to[Index(t.cpu)] = 0; });
  }
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_POLICIES_PLANTED_TICKETS_H_
