// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// overlap-sync: like epoch-sync, but waits only for those earlier gathers whose range overlaps its
// own.
//
// What a finish may have seen empty lies in its own range, so whoever emptied it announced a range
// that overlaps. Others are none of its business, however long they take. As there, who waits has
// given up its ticket, so that no two wait for each other.
//
// Safe where a gather is opened under mmap_lock (6.1, 6.12), as epoch-sync is; with 7.1's order it
// deadlocks (tests/explore/fair_lock_test.cc).
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

struct Ticket {
  uint16_t number;     // 0: no live gather
  uint8_t start, end;  // pages
};
struct Tickets {
  uint16_t newest;
  std::array<Ticket, kMaxCpus> held;           // by the live gather of each CPU
  std::array<uint16_t, kMaxCpus> waits_up_to;  // of a finish that waits
};

// The CPUs whose gathers the finish on `cpu`, whose gather still has its range, waits for, as bits.
unsigned Awaited(const World& world, const Tickets& all, int cpu) {
  const MmuGather& own = world.at(MakeCpu(cpu)).gather;
  unsigned awaited = 0;
  for (int i = 0; i < kMaxCpus; ++i) {
    const Ticket& other = all.held[i];
    const bool earlier = other.number != 0 && other.number <= all.waits_up_to[cpu];
    if (earlier && other.start < own.caller_end && own.caller_start < other.end) awaited |= 1u << i;
  }
  return awaited;
}

bool OlderOverlapsAreGone(const World& world, int cpu) {
  return Awaited(world, ReadPolicyState<Tickets>(world), cpu) == 0;
}

class OverlapSync final : public GatherProtocol {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    GatherProtocol::Gather(t, range);
    UpdatePolicyState<Tickets>(t, Point::policy_rmw, [&](Tickets& all) {
      all.held[Index(t.cpu)] = {++all.newest, static_cast<uint8_t>(range.begin),
                                static_cast<uint8_t>(range.end)};
    });
  }
  // Of tickets counts who has one, and where; of a wait, for whom it is.
  void Canonicalize(const World& world, PolicyBytes& bytes) const override {
    RewritePolicyState<Tickets>(bytes, [&](Tickets& all) {
      const Tickets numbered = all;
      for (int i = 0; i < world.cpu_count; ++i) {
        all.waits_up_to[i] = static_cast<uint16_t>(Awaited(world, numbered, i));
      }
      for (Ticket& ticket : all.held) ticket.number = ticket.number != 0;
      all.newest = 0;
    });
  }
  bool AtRest(const World& world) const override {
    for (const Ticket& ticket : ReadPolicyState<Tickets>(world).held) {
      if (ticket.number != 0) return false;
    }
    return true;
  }

 protected:
  void Finishing(const Thread&) const override {}
  void BeforeDec(const Thread& t) const override {
    const auto cpu = Index(t.cpu);
    UpdatePolicyState<Tickets>(t, Point::policy_rmw, [&](Tickets& all) {
      all.held[cpu] = {};
      all.waits_up_to[cpu] = all.newest;
    });
  }
  void AfterDec(const Thread& t) const override {
    WaitInFinish(t, OlderOverlapsAreGone, kPolicyAt);
    const auto cpu = Index(t.cpu);
    UpdatePolicyState<Tickets>(t, Point::policy_write,
                               [&](Tickets& all) { all.waits_up_to[cpu] = 0; });
  }
};

const OverlapSync kProtocol{};
constexpr Policy kPolicy("overlap-sync",
                         "flushes its own range, waits for the earlier gathers that overlap it",
                         "new here", kProtocol,
                         {.safe_on = "x86 arm64 riscv",
                          .waits = true,
                          .recalls = false,
                          .loads = {WhenLoaded::kNever, WhenLoaded::kAfterDec}});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
