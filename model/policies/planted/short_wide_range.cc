// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// short-wide-range: a nested finish widens a range of more than a block to all but its last page.
//
// Base: force-levels. Published: Z34, Z37 (ranges one page short). To be seen: two CPUs, a narrow
// window in a wide range. One goes over five pages or more, and its last page is one that the other
// has cleared and not flushed when it returns; all the rest of its way does not matter. From 9
// strides on x86 flushes everything, and from 16 on arm64, which hides it in longer ranges.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class ShortWideRange final : public GatherProtocol {
 protected:
  void Finishing(const Thread& t) const override {
    MmuGather& gather = t.gather();
    if (!FlushNested(t)) return;
    PageRange range = CallerRange(gather);
    if (range.end - range.begin > kPagesPerPmd) --range.end;
    ForceLevels(gather, range);
  }
};

const ShortWideRange kProtocol{};
constexpr Policy kPolicy("short-wide-range", "as force-levels, one page short in a wide range",
                         "Z34, Z37", kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "force-levels"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
