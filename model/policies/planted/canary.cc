// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// canary: nothing is ever invalidated.
//
// Base: full-mm, without its flush. Not published: it shows that whatever looks for violations can
// find one. To be seen: any order, one CPU, any call that removes a page some TLB holds.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class Canary final : public GatherProtocol {
 protected:
  void Finishing(const Thread&) const override {}
  void ArchFlush(const Thread&, const MmuGather&) const override {}
};

const Canary kProtocol{};
constexpr Policy kPolicy("canary", "never invalidates anything", "a canary: must fail at once",
                         kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
