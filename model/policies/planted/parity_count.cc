// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// parity-count: the count has one bit.
//
// Base: full-mm. Published: Z2 (a bool in place of a counter), one step further. To be seen: three
// CPUs, four constraints. Three gathers are live when one of them makes the nested test, and a PTE
// that it saw empty is one that another has cleared and not flushed when it returns.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

struct Parity {
  uint8_t odd;  // live gathers, modulo 2
};

class ParityCount final : public GatherProtocol {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    GatherProtocol::Gather(t, range);
    Toggle(t);
  }
  bool AtRest(const World& world) const override { return ReadPolicyState<Parity>(world).odd == 0; }

 protected:
  void Finishing(const Thread& t) const override {
    if (LoadPolicyState<Parity>(t).odd == 0) MakeFullMm(t.gather());
  }
  void BeforeDec(const Thread& t) const override { Toggle(t); }

 private:
  static void Toggle(const Thread& t) {
    UpdatePolicyState<Parity>(t, Point::policy_rmw, [](Parity& parity) { parity.odd ^= 1; });
  }
};

const ParityCount kProtocol{};
constexpr Policy kPolicy("parity-count", "as full-mm, with a count of one bit", "Z2", kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
