// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// huge-not-recorded: a huge leaf widens the range and sets no bit, so that a flush of nothing else
// is skipped.
//
// Base: full-mm. Published: Z35 (page sizes that set no cleared bit). To be seen: any order, one
// CPU, and a program: a huge leaf that is cached, removed whole, in a gather that removes no small
// page before its flush, while no other is live.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class HugeNotRecorded final : public GatherProtocol {
 public:
  void RemoveTlbEntry(const Thread& t, int page, Level level) const override {
    if (level == Level::kPte) return GatherProtocol::RemoveTlbEntry(t, page, level);
    AdjustRange(t.gather(), {page, page + PagesAt(level)});
  }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const HugeNotRecorded kProtocol{};
constexpr Policy kPolicy("huge-not-recorded", "as full-mm, but a huge leaf sets no cleared bit",
                         "Z35", kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
