// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// first-overlap-only: finish flushes what it has in common with the first live gather that overlaps
// its range, and looks no further.
//
// Base: overlap-list (which flushes the union of all; flushing the intersections of all would do).
// Published: Z16 (one of several debts is paid). To be seen: three CPUs, four constraints, and a
// program of three ranges. The finishing gather meets one of a lower CPU in some pages, and one of
// a higher CPU in others; of these, one has been cleared, seen empty, and not flushed when it
// returns.
#include <algorithm>

#include "model/policies/planted/ranges.h"

namespace gatherfuzz {
namespace {

class FirstOverlapOnly final : public PublishesRange {
 protected:
  void Finishing(const Thread& t) const override {
    const auto live = LoadPolicyState<Ranges>(t);
    const PageRange own = CallerRange(t.gather());
    for (int cpu = 0; cpu < kMaxCpus; ++cpu) {
      const PageRange common{std::max<int>(own.begin, live[cpu].start),
                             std::min<int>(own.end, live[cpu].end)};
      if (cpu == Index(t.cpu) || common.empty()) continue;
      return ForceLevels(t.gather(), common);
    }
  }
};

const FirstOverlapOnly kProtocol{};
constexpr Policy kPolicy("first-overlap-only",
                         "flushes its overlap with the first live range that overlaps its own",
                         "Z16", kProtocol,
                         {
                             .group = PolicyGroup::kPlanted,
                             .base = "overlap-list",
                             .recalls = false,
                         });
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
