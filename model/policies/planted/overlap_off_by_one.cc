// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// overlap-off-by-one: a live range that reaches one page into the own one is taken for its
// neighbour.
//
// Base: overlap-list. Published: Z34, Z37 (ranges one page short). To be seen: two CPUs, two
// constraints, and a program: the range of one ends one page after the other's begins. The one has
// cleared that page, and the other sees it empty and returns before it is flushed.
#include "model/policies/planted/ranges.h"

namespace gatherfuzz {
namespace {

class OverlapOffByOne final : public PublishesRange {
 protected:
  void Finishing(const Thread& t) const override {
    const auto live = LoadPolicyState<Ranges>(t);
    const PageRange own = CallerRange(t.gather());
    for (int cpu = 0; cpu < kMaxCpus; ++cpu) {
      const PageRange other{live[cpu].start, live[cpu].end};
      if (cpu == Index(t.cpu) || other.begin >= own.end || other.end - 1 <= own.begin) continue;
      ForceLevels(t.gather(), own);
      ForceLevels(t.gather(), other);
    }
  }
};

const OverlapOffByOne kProtocol{};
constexpr Policy kPolicy("overlap-off-by-one", "as overlap-list, but misses an overlap of one page",
                         "Z34, Z37", kProtocol,
                         {
                             .group = PolicyGroup::kPlanted,
                             .base = "overlap-list",
                             .recalls = false,
                         });
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
