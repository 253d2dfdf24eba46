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
    UpdatePolicyState<Ranges>(t, Point::policy_rmw, [&](Ranges& live) {
      if (HasRoom(live)) live[Index(t.cpu)] = MakePublished(range);
    });
  }
  bool AtRest(const World& world) const override {
    return ReadPolicyState<Ranges>(world) == Ranges{};
  }

 protected:
  // Whether one more range is listed.
  virtual bool HasRoom(const Ranges&) const { return true; }
  void BeforeDec(const Thread& t) const override {
    UpdatePolicyState<Ranges>(t, Point::policy_rmw,
                              [&](Ranges& live) { live[Index(t.cpu)] = Published{}; });
  }
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_POLICIES_PLANTED_RANGES_H_
