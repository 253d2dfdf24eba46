// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// free-not-nested: MADV_FREE makes no nested test, since it removes nothing.
//
// Base: full-mm. Published: Z4 in its MADV_FREE form (whoever sees a clean PTE returns while
// another CPU may still write through a dirty entry). To be seen: two CPUs, two constraints, and a
// program: two calls of free that overlap in a page that is cached as dirty.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class FreeNotNested final : public GatherProtocol {
 protected:
  void Finishing(const Thread& t) const override {
    if (t.self().call.kind != CallKind::kClean && FlushNested(t)) MakeFullMm(t.gather());
  }
};

const FreeNotNested kProtocol{};
constexpr Policy kPolicy("free-not-nested", "as full-mm, but MADV_FREE makes no nested test", "Z4",
                         kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
