// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// reclaim-word-renumbered: as reclaim-word-small, but an overflow counts in upper bits of both
// halves, so that no value of the word comes again. A repair of S6 (docs/suspicions.md).
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class ReclaimWordRenumbered final : public GatherProtocol {
 public:
  UnmapBatching BatchesUnmaps() const override { return {.renumbers = true, .most = 2}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const ReclaimWordRenumbered kProtocol{};
constexpr Policy kPolicy(
    "reclaim-word-renumbered", "as reclaim-word-small; a word that has overflowed is not as it was",
    "a repair of S6", kProtocol,
    {.group = PolicyGroup::kVariant, .safe_on = "x86 arm64", .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
