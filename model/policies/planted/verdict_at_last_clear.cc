// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// verdict-at-last-clear: the nested test is made at each clear, and finish uses the last answer.
//
// Base: full-mm. Published: Z17 (a check that is not made again where it counts). To be seen: two
// CPUs, three constraints, a narrow window in a range of two pages. After the last page that the
// first clears, and before it comes to the next, the second begins and clears that one; the first
// sees it empty and returns before the second has flushed. The lock of the table keeps the second
// out while the first goes on from page to page, so the first has to drop it in between: at the end
// of a table, or where need_resched() says so.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class VerdictAtLastClear final : public GatherProtocol {
 public:
  void RemoveTlbEntry(const Thread& t, int page, Level level) const override {
    GatherProtocol::RemoveTlbEntry(t, page, level);
    OwnNote(t) = FlushNested(t) ? kNested : kAlone;
  }

 protected:
  void Finishing(const Thread& t) const override {
    const bool nested = OwnNote(t) == kNotAsked ? FlushNested(t) : OwnNote(t) == kNested;
    OwnNote(t) = kNotAsked;
    if (nested) MakeFullMm(t.gather());
  }

 private:
  enum Verdict : uint8_t { kNotAsked, kAlone, kNested };
};

const VerdictAtLastClear kProtocol{};
constexpr Policy kPolicy("verdict-at-last-clear",
                         "as full-mm, with the nested test made when a PTE is cleared", "Z17",
                         kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
