// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// range-not-restarted: full-mm, but behind a forced flush the range stays empty: what is cleared
// from there on is not recorded, and the flush of finish is skipped. Z33, the restart of the range
// in zap_pte_range() before 3.11. Faithful in shape: the kernel restarted it in the wrong place.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class RangeNotRestarted final : public GatherProtocol {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    OwnNote(t) = 0;
    GatherProtocol::Gather(t, range);
  }
  void RemoveTlbEntry(const Thread& t, int page, Level level) const override {
    if (OwnNote(t) == 0) GatherProtocol::RemoveTlbEntry(t, page, level);
  }
  bool RemovePage(const Thread& t, FrameId frame, int page, Level level) const override {
    const bool full = GatherProtocol::RemovePage(t, frame, page, level);
    if (full) OwnNote(t) = 1;
    return full;
  }
  void Finish(const Thread& t) const override {
    GatherProtocol::Finish(t);
    OwnNote(t) = 0;
  }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const RangeNotRestarted kProtocol{};
constexpr Policy kPolicy("range-not-restarted",
                         "as full-mm, but records nothing behind a forced flush", "Z33", kProtocol,
                         {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
