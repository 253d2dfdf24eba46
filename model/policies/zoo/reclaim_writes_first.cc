// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// reclaim-writes-first: full-mm, and dirty pages are written out before what maps them is flushed:
// no try_to_unmap_flush_dirty(). Not a published bug: it shows what that call is for (write-lost).
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class ReclaimWritesFirst final : public GatherProtocol {
 public:
  UnmapBatching BatchesUnmaps() const override { return {.writes_first = true}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const ReclaimWritesFirst kProtocol{};
constexpr Policy kPolicy("reclaim-writes-first",
                         "as full-mm; dirty pages are written out before the flush", "made up",
                         kProtocol, {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
