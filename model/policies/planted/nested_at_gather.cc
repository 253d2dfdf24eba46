// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// nested-at-gather: the nested test is made when the gather begins.
//
// Base: full-mm. Published: Z17 (a check that is not made again where it counts). To be seen: two
// CPUs, three constraints. The first begins alone; the second begins after it and clears a PTE; the
// first sees it empty, and returns before the second has flushed.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class NestedAtGather final : public GatherProtocol {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    GatherProtocol::Gather(t, range);
    OwnNote(t) = FlushNested(t);
  }

 protected:
  void Finishing(const Thread& t) const override {
    if (OwnNote(t)) MakeFullMm(t.gather());
    OwnNote(t) = 0;
  }
};

const NestedAtGather kProtocol{};
constexpr Policy kPolicy("nested-at-gather",
                         "as full-mm, with the nested test made when the gather begins", "Z17",
                         kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
