// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// short-wide-range: a nested finish widens a range of more than two blocks to all but its last
// page.
//
// Base: force-levels. Published: Z34, Z37 (ranges one page short). To be seen: two CPUs, two
// constraints, a narrow window in a wide range. One goes over nine pages or more, and its last page
// is one that the other has cleared and not flushed when it returns; the rest of its way does not
// matter. Longer ranges are flushed whole, which hides it: from ten pages on x86, from 17 on arm64.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class ShortWideRange final : public GatherProtocol {
 protected:
  void Finishing(const Thread& t) const override {
    MmuGather& gather = t.gather();
    if (!FlushNested(t)) return;
    PageRange range = CallerRange(gather);
    if (range.end - range.begin > 2 * kPagesPerPmd) --range.end;
    ForceLevels(gather, range);
  }
};

const ShortWideRange kProtocol{};
constexpr Policy kPolicy("short-wide-range", "as force-levels, one page short in a wide range",
                         "Z34, Z37", kProtocol,
                         {
                             .group = PolicyGroup::kPlanted,
                             .base = "force-levels",
                             .recalls = false,
                         });
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
