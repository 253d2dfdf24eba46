// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// forced-is-enough: a gather that was forced to flush in mid-zap makes no nested test.
//
// Base: full-mm. Published: Z17, Z33 (what a flush in mid-zap leaves behind). To be seen: two CPUs,
// and a program: the first removes at least as many pages as a batch has, and its range has one
// more, not between those, which the second has cleared and not flushed when the first returns.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class ForcedIsEnough final : public GatherProtocol {
 public:
  bool RemovePage(const Thread& t, FrameId frame, int page, Level level) const override {
    const bool full = GatherProtocol::RemovePage(t, frame, page, level);
    if (full) OwnNote(t) = 1;
    return full;
  }

 protected:
  void Finishing(const Thread& t) const override {
    const bool forced = OwnNote(t) != 0;
    OwnNote(t) = 0;
    if (!forced && FlushNested(t)) MakeFullMm(t.gather());
  }
};

const ForcedIsEnough kProtocol{};
constexpr Policy kPolicy("forced-is-enough",
                         "as full-mm, without the nested test after a forced flush", "Z17, Z33",
                         kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
