// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// lost-increment: a gather that finds itself the last one stores a count of zero, in place of
// lowering it.
//
// Base: full-mm, with a count of its own. Published: Z16 (a store of what was true before another
// CPU changed it), Z2. To be seen: three gathers, on three CPUs or two, five constraints and a
// window of one step. Between the load and the store of a gather that ends alone, another begins,
// and so is not counted any more. A third begins after the store. One of these two clears a PTE,
// and the other sees that empty, finds itself alone, and returns before it is flushed.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

struct Count {
  uint8_t live;
};

class LostIncrement final : public GatherProtocol {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    GatherProtocol::Gather(t, range);
    UpdatePolicyState<Count>(t, Point::policy_rmw, [](Count& count) { ++count.live; });
  }

 protected:
  void Finishing(const Thread& t) const override {
    if (LoadPolicyState<Count>(t).live > 1) MakeFullMm(t.gather());
  }
  void BeforeDec(const Thread& t) const override {
    const bool last = LoadPolicyState<Count>(t).live <= 1;
    UpdatePolicyState<Count>(t, last ? Point::policy_write : Point::policy_rmw, [&](Count& count) {
      count.live = static_cast<uint8_t>(last || count.live == 0 ? 0 : count.live - 1);
    });
  }
};

const LostIncrement kProtocol{};
constexpr Policy kPolicy("lost-increment",
                         "as full-mm, with a count that the last one sets to zero", "Z16",
                         kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
