// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// list-of-two: there is room for two live gathers in the list; a third is not listed.
//
// Base: overlap-list. Published: Z23, Z24 (the path without memory lacks what the other does). To
// be seen: three CPUs, four constraints, and a program of ranges. Two gathers are listed when a
// third begins and clears a PTE. One of the two sees it empty, finds no overlap (the other's range
// lies elsewhere, or is off the list by then), and returns before the third has flushed.
#include <algorithm>

#include "model/policies/planted/ranges.h"

namespace gatherfuzz {
namespace {

class ListOfTwo final : public PublishesRange {
 protected:
  bool HasRoom(const Ranges& live) const override {
    return std::count(live.begin(), live.end(), Published{}) > kMaxCpus - 2;
  }
  void Finishing(const Thread& t) const override {
    const auto live = LoadPolicyState<Ranges>(t);
    const PageRange own = CallerRange(t.gather());
    for (int cpu = 0; cpu < kMaxCpus; ++cpu) {
      const PageRange other{live[cpu].start, live[cpu].end};
      if (cpu == Index(t.cpu) || other.begin >= own.end || other.end <= own.begin) continue;
      ForceLevels(t.gather(), own);
      ForceLevels(t.gather(), other);
    }
  }
};

const ListOfTwo kProtocol{};
constexpr Policy kPolicy("list-of-two", "as overlap-list, with room for two", "Z23, Z24", kProtocol,
                         {.group = PolicyGroup::kPlanted,
                          .base = "overlap-list",
                          .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
