// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// clean-not-recorded: MADV_FREE cleans entries and does not record them, so that its flush is
// skipped.
//
// Base: full-mm. Published: Z8 (soft-dirty edits that the gather was not told of). To be seen: any
// order, one CPU, and a program: a free of a page that some TLB holds as dirty, while no other
// gather is live.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class CleanNotRecorded final : public GatherProtocol {
 public:
  void RemoveTlbEntry(const Thread& t, int page, Level level) const override {
    if (t.self().call.kind != CallKind::kClean) GatherProtocol::RemoveTlbEntry(t, page, level);
  }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const CleanNotRecorded kProtocol{};
constexpr Policy kPolicy("clean-not-recorded",
                         "as full-mm, but entries that MADV_FREE cleans are not recorded", "Z8",
                         kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
