// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// reclaim-runs-by-write: full-mm, and reclaim takes a run of PTEs of a large folio at once only if
// all of them let write, or none (FPB_RESPECT_WRITE), whatever the kernel. The fix of Z59.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class ReclaimRunsByWrite final : public GatherProtocol {
 public:
  UnmapBatching BatchesUnmaps() const override { return {.runs_by_write = true}; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const ReclaimRunsByWrite kProtocol{};
constexpr Policy kPolicy(
    "reclaim-runs-by-write", "as full-mm; reclaim's runs of PTEs differ in nothing but A and D",
    "the fix of Z59", kProtocol,
    {.group = PolicyGroup::kVariant, .safe_on = "x86 arm64", .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
