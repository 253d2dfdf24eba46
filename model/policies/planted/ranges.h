// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What is planted in overlap-list: gathers publish their range in the mm from their beginning until
// their flush is complete.
#ifndef GATHERFUZZ_MODEL_POLICIES_PLANTED_RANGES_H_
#define GATHERFUZZ_MODEL_POLICIES_PLANTED_RANGES_H_

#include "model/policies/planted/planted.h"

namespace gatherfuzz {

struct Published {
  uint8_t start, end;  // pages; end 0: no live gather
  friend bool operator==(const Published&, const Published&) = default;
};
using Ranges = std::array<Published, kMaxCpus>;  // by CPU

inline Published MakePublished(PageRange range) {
  return {static_cast<uint8_t>(range.begin), static_cast<uint8_t>(range.end)};
}

class PublishesRange : public GatherProtocol {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    GatherProtocol::Gather(t, range);
    Publish(t, MakePublished(range));
  }
  bool AtRest(const World& world) const override {
    return ReadPolicyState<Ranges>(world) == Ranges{};
  }

 protected:
  void BeforeDec(const Thread& t) const override { Publish(t, {}); }

 private:
  static void Publish(const Thread& t, Published range) {
    UpdatePolicyState<Ranges>(t, Point::policy_rmw,
                              [&](Ranges& live) { live[Index(t.cpu)] = range; });
  }
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_POLICIES_PLANTED_RANGES_H_
