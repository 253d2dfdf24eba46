// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// reclaim-frees-first: full-mm, and reclaim frees its batch before try_to_unmap_flush(). Z19, which
// was so for large folios only; faithful in shape.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class ReclaimFreesFirst final : public GatherProtocol {
 public:
  UnmapBatching BatchesUnmaps() const override { return {.frees_first = true}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const ReclaimFreesFirst kProtocol{};
constexpr Policy kPolicy("reclaim-frees-first",
                         "as full-mm; reclaim frees its pages before it flushes", "Z19", kProtocol,
                         {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
