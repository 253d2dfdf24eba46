// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// shared-flush: a nested finish that finds the full flush of another under way waits for that, in
// place of issuing one.
//
// Base: full-mm. Published: Z42 (a flush that began before is taken for one that covers what came
// after), Z18. It is not enough: the other's invalidation may have been delivered before an entry
// was cached that this gather removed. To be seen: three CPUs, or two and a walker, five
// constraints. Two gathers are live; the first finishes, and its invalidation is delivered to one
// CPU but not to another; there, a page is cached again; the second clears it, and finishes before
// the last delivery of the first.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

struct Flushes {
  uint8_t flusher;                          // CPU index + 1 while a full flush is under way
  uint8_t completed;                        // full flushes, modulo 256
  std::array<uint8_t, kMaxCpus> shared_by;  // `completed` when a finish began to wait
};

class SharedFlush final : public GatherProtocol {
 protected:
  void Finishing(const Thread& t) const override {
    if (!FlushNested(t)) return;
    const auto cpu = Index(t.cpu);
    const bool shared = UpdatePolicyState<Flushes>(t, Point::policy_rmw, [&](Flushes& flushes) {
      if (flushes.flusher == 0) {
        flushes.flusher = static_cast<uint8_t>(cpu + 1);
        return false;
      }
      flushes.shared_by[cpu] = flushes.completed;
      return true;
    });
    if (!shared) return MakeFullMm(t.gather());
    WaitInFinish(
        t,
        [](const World& world, int waiter) {
          const auto flushes = ReadPolicyState<Flushes>(world);
          return flushes.completed != flushes.shared_by[waiter];
        },
        kPolicyAt);
    ResetRange(t.gather());
  }
  void ArchFlush(const Thread& t, const MmuGather& gather) const override {
    GatherProtocol::ArchFlush(t, gather);
    if (ReadPolicyState<Flushes>(t.world()).flusher != Index(t.cpu) + 1) return;
    UpdatePolicyState<Flushes>(t, Point::policy_rmw, [](Flushes& flushes) {
      flushes.flusher = 0;
      ++flushes.completed;
    });
  }
};

const SharedFlush kProtocol{};
constexpr Policy kPolicy("shared-flush", "as full-mm, but shares a full flush that is under way",
                         "Z42, Z18", kProtocol,
                         {
                             .group = PolicyGroup::kPlanted,
                             .base = "full-mm",
                             .waits = true,
                             .recalls = false,
                         });
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
