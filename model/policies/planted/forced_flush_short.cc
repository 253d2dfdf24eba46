// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// forced-flush-short: the page that fills the batch is left out of the forced flush, and freed.
//
// Base: full-mm. Published: Z34, Z33 (a wrong range when there is no room for one more page). To be
// seen: any order, one CPU, and a program: a call that removes as many pages as a batch has, of
// which the last is cached.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class ForcedFlushShort final : public GatherProtocol {
 public:
  bool RemovePage(const Thread& t, FrameId frame, int page, Level level) const override {
    const bool full = GatherProtocol::RemovePage(t, frame, page, level);
    if (full) t.gather().end = static_cast<uint8_t>(page);
    return full;
  }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const ForcedFlushShort kProtocol{};
constexpr Policy kPolicy("forced-flush-short",
                         "as full-mm, but a forced flush leaves out the last page", "Z34, Z33",
                         kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
