// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// slot-taken-twice: a gather looks for a free slot in the list, then writes its range there; two
// that look at the same time take the same.
//
// Base: overlap-list. Published: Z16 (a store over what another CPU has stored since the load). To
// be seen: two CPUs, four constraints, two of them a window of one step. Two gathers that overlap
// take one slot, so neither finds the other; one clears a PTE, and the other sees it empty and
// returns before it is flushed. Or three CPUs: one of the two ends, which takes the other off the
// list, and a third does not find that one.
#include "model/policies/planted/ranges.h"

namespace gatherfuzz {
namespace {

using Slots = Ranges;  // in no order

class SlotTakenTwice final : public GatherProtocol {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    GatherProtocol::Gather(t, range);
    const auto slots = LoadPolicyState<Slots>(t);
    uint8_t& mine = OwnNote(t);
    for (mine = 0; slots[mine] != Published{};) ++mine;
    Write(t, MakePublished(range));
  }
  bool AtRest(const World& world) const override {
    return ReadPolicyState<Slots>(world) == Slots{};
  }

 protected:
  void Finishing(const Thread& t) const override {
    const auto slots = LoadPolicyState<Slots>(t);
    const PageRange own = CallerRange(t.gather());
    for (int slot = 0; slot < kMaxCpus; ++slot) {
      const PageRange other{slots[slot].start, slots[slot].end};
      if (slot == OwnNote(t) || other.begin >= own.end || other.end <= own.begin) continue;
      ForceLevels(t.gather(), own);
      ForceLevels(t.gather(), other);
    }
  }
  void BeforeDec(const Thread& t) const override {
    Write(t, {});
    OwnNote(t) = 0;
  }

 private:
  static void Write(const Thread& t, Published range) {
    UpdatePolicyState<Slots>(t, Point::policy_write,
                             [&](Slots& slots) { slots[OwnNote(t)] = range; });
  }
};

const SlotTakenTwice kProtocol{};
constexpr Policy kPolicy("slot-taken-twice",
                         "as overlap-list, with a slot that two gathers can take", "Z16", kProtocol,
                         {
                             .group = PolicyGroup::kPlanted,
                             .base = "overlap-list",
                             .peeks = true,
                             .recalls = false,
                         });
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
