// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// lost-increment: the count is lowered by a load and a store, which undoes what happens in between.
//
// Base: full-mm, with a count of its own. Published: Z16 (a plain store of what was read before
// another CPU changed it). To be seen: three gathers, on three CPUs or two, five constraints and a
// window of one step. Between the load and the store of a gather that ends, another begins, and so
// is not counted. It clears a PTE; the third, which is counted or begins later, sees that empty,
// finds itself alone, and returns before it is flushed.
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
    t.Step(Point::policy_read);
    if (ReadPolicyState<Count>(t.world()).live > 1) MakeFullMm(t.gather());
  }
  void BeforeDec(const Thread& t) const override {
    t.Step(Point::policy_read);
    const int read = ReadPolicyState<Count>(t.world()).live;
    UpdatePolicyState<Count>(t, Point::policy_write, [&](Count& count) {
      count.live = static_cast<uint8_t>(read > 0 ? read - 1 : 0);
    });
  }
};

const LostIncrement kProtocol{};
constexpr Policy kPolicy("lost-increment", "as full-mm, with a count lowered by a load and a store",
                         "Z16", kProtocol, {.group = PolicyGroup::kPlanted, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
